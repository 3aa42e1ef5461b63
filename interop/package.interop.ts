import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../scripts/build-package.ts';

/** The package as npm gets it: built, packed, unpacked by npm in a user's folder, and used there. */

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
let folder = '';
let installed = '';

async function run(command: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, PATH: `${join(folder, 'node_modules/.bin')}:${bin}:${process.env['PATH'] ?? ''}` };
  return promisify(execFile)(command, args, { cwd: folder, env, maxBuffer: 1 << 26 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-package-'));
  const built = await buildPackage(join(folder, 'built'));
  await run('npm', 'pack', built, '--pack-destination', folder);
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await writeFile(join(folder, 'package.json'), '{"type":"module","private":true}');
  await run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`);
  await rm(built, { recursive: true });
  installed = join(folder, 'node_modules/smallboat');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

describe('the package, installed', () => {
  it('has no source, no tests and nothing of this machine', async () => {
    const files = (await readdir(installed, { recursive: true, withFileTypes: true })).filter((e) => e.isFile());
    const names = files.map((entry) => join(entry.parentPath, entry.name));
    const odd = names.filter((name) => /\.test\.|\/testing\/|(?<!\.d)\.ts$/.test(name.slice(installed.length)));
    // The kernel's name is the hash of its source.
    expect(odd.filter((name) => !name.includes('/kernel/assembly/'))).toEqual([]);
    const texts = names.filter((name) => /\.(?:js|json|md)$/.test(name)).map((name) => readFileSync(name, 'utf8'));
    expect(texts.filter((text) => text.includes(root))).toEqual([]);
    expect(names).toContain(join(installed, 'LICENSE'));
  });

  it('can be imported by each of its names', async () => {
    const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
    const names = Object.keys(exports).filter((name) => name !== './package.json');
    expect(names.length).toBeGreaterThan(10);
    const code = names
      .map((name) => `console.log(Object.keys(await import('smallboat/${name.slice(2)}')).length > 0)`)
      .join('\n');
    await writeFile(join(folder, 'all.mjs'), code);
    expect((await run('node', 'all.mjs')).stdout.trim().split('\n')).toEqual(names.map(() => 'true'));
  });

  it('runs a flow, checks its types, and reads it with a client', async () => {
    await writeFile(
      join(folder, 'shop.ts'),
      `import { each, flow, step } from 'smallboat/flow';
import * as z from 'zod';
const list = step('list', { run: ({ n }: { n: number }) => ({ xs: Array.from({ length: n }, (_, i) => i) }) });
const square = step('square', { retry: { times: 1 }, run: ({ x }: { x: number }) => ({ y: x * x }) });
const sum = step('sum', { run: ({ ys }: { ys: readonly { y: number }[] }) => ({ total: ys.reduce((a, b) => a + b.y, 0) }) });
export const shop = flow('shop', { n: z.coerce.number().default(4) }, ({ n }) => sum({ ys: each(list({ n }).xs, (x) => square({ x })) }));
`,
    );
    await writeFile(
      join(folder, 'read.ts'),
      `import { openClient } from 'smallboat/flow';
import { shop } from './shop.ts';
await using client = await openClient({ folder: '.smallboat' });
const run = await client.flow(shop).latest();
const total: number | undefined = await run?.result().then((r) => r.total);
console.log(total);
`,
    );
    const ran = await run('smallboat', 'run', 'shop.ts', '--n', '5');
    expect(ran.stderr).toContain('done');
    expect((await run('smallboat', '--version')).stdout).toContain('.');
    const card = (await run('smallboat', 'card')).stdout.trim();
    expect(readFileSync(card, 'utf8')).toContain('square');
    expect((await run('smallboat', 'check', 'shop.ts')).stdout).toContain('No mistakes found');
    await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
    await symlink(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
    const tsconfig = { extends: join(root, 'tsconfig.json'), include: ['*.ts'], exclude: [] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    expect((await run('tsc', '-p', '.').catch((error: unknown) => error)) as object).toMatchObject({ stdout: '' });
    expect((await run('node', 'read.ts')).stdout).toBe('30\n');
  });

  it('runs the whole pipeline, endpoint and all', async () => {
    const app = join(folder, 'intent');
    await cp(join(root, 'apps/intent'), app, {
      recursive: true,
      filter: (path) => !/\.(?:test|testing)\.ts$/.test(path),
    });
    const { stderr, stdout } = await promisify(execFile)(
      process.execPath,
      [join(app, 'start.ts'), '--rows', '60000', '--epochs', '2', '--rates', '0.003', '--home', join(folder, 'home')],
      { cwd: app, maxBuffer: 1 << 26 },
    );
    expect(stderr + stdout).toMatch(/monitor/);
  });
});
