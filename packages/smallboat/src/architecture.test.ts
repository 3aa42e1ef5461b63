import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = dirname(fileURLToPath(import.meta.url));

/** What the files of a room may import of ours, beside their own room. A room that is not here fails. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  config: ['kernel'],
  report: ['kernel'],
  warehouse: ['kernel'],
  synthetic: ['kernel'],
  flow: ['kernel', 'report'],
  telemetry: ['kernel', 'flow'],
  transform: ['kernel', 'warehouse', 'report'],
  quality: ['kernel', 'warehouse', 'report'],
  features: ['kernel', 'warehouse'],
  training: ['kernel', 'features', 'warehouse'],
  tracking: ['kernel', 'report'],
  monitoring: ['kernel', 'features', 'report'],
  // Of `flow` the packing of programs for other machines.
  serving: ['kernel', 'features', 'training', 'monitoring', 'flow', 'telemetry'],
  orchestrate: ['kernel', 'flow'],
  // The command line is over all of them.
  cli: 'kernel config report warehouse synthetic flow orchestrate transform quality features training tracking monitoring telemetry serving'.split(
    ' ',
  ),
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly target: string;
}

async function imports(): Promise<readonly Import[]> {
  const files = (await readdir(src, { recursive: true })).filter(
    (f) => f.endsWith('.ts') && f.includes('/') && !f.includes('/assembly/'),
  );
  const found: Import[] = [];
  for (const file of files) {
    const [from = ''] = file.split('/');
    const code = await readFile(resolve(src, file), 'utf8');
    for (const [, fixed, lazy] of code.matchAll(
      /^(?:import|export)\b[^'"]*?from '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm,
    )) {
      const target = relative(src, resolve(src, dirname(file), fixed ?? lazy ?? ''));
      const [to = ''] = target.split('/');
      if (to !== from) found.push({ file, from, to, target });
    }
  }
  return found;
}

it('knows every room', async () => {
  const rooms = (await readdir(src, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
  expect(rooms.filter((room) => !(room in MAY_IMPORT))).toEqual([]);
});

it('lets no room import what is above it', async () => {
  const wrong = (await imports()).filter(({ from, to }) => !(MAY_IMPORT[from] ?? []).includes(to));
  expect(wrong.map(({ file, to }) => `${file} imports ${to}/`)).toEqual([]);
});

it('lets a room be entered by its index only', async () => {
  // What rooms share for their tests lies in `testing/`.
  const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.includes('/testing/');
  const wrong = (await imports()).filter(
    ({ file, target }) => basename(target) !== 'index.ts' && !(isTest(file) && basename(dirname(target)) === 'testing'),
  );
  expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
});
