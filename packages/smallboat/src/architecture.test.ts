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
  telemetry: ['kernel'],
  flow: ['kernel', 'report', 'telemetry'],
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
  /** Loaded when it is first needed. */
  readonly isLazy: boolean;
}

/** Imports from one room into another. */
async function imports(): Promise<readonly Import[]> {
  return (await allImports()).filter(({ from, to }) => from !== to);
}

async function allImports(): Promise<readonly Import[]> {
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
      found.push({ file, from, to, target, isLazy: fixed === undefined });
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

it('lets no file import itself round a circle, not even for a type', async () => {
  const next = new Map<string, string[]>();
  for (const { file, target, isLazy } of await allImports()) {
    if (!isLazy) next.set(file, [...(next.get(file) ?? []), target]);
  }
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const target of next.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) walk(file, []);
  expect(circles).toEqual([]);
});
