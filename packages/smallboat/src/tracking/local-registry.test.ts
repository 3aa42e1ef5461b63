import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { localRegistry } from './local-registry.ts';
import { modelFolderForTests, registryContract } from './registry-contract.ts';
import type { ModelVersion } from './registry.ts';

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));

registryContract({ name: 'local', create: async () => localRegistry({ folder: await newFolder() }) });

it.each([
  ['is changed', (v: ModelVersion) => appendFile(join(v.folder, 'manifest.json'), ' '), 'has sha256'],
  ['is missing', (v: ModelVersion) => rm(join(v.folder, 'parts/weights.bin')), 'is missing'],
  ['is new', (v: ModelVersion) => writeFile(join(v.folder, 'extra'), ''), 'was not there'],
])('notices a file that %s', async (_, damage, problem) => {
  const registry = localRegistry({ folder: await newFolder() });
  await damage(await registry.register({ name: 'intent', modelFolder: await modelFolderForTests() }));
  await expect(registry.version('intent', 1)).rejects.toMatchObject({
    code: 'MODEL_VERSION_CORRUPT',
    facts: { problem: expect.stringContaining(problem) },
  });
});

it('says what is wrong with a damaged record', async () => {
  const folder = await newFolder();
  const registry = localRegistry({ folder });
  await registry.register({ name: 'intent', modelFolder: await modelFolderForTests() });
  await writeFile(join(folder, 'intent', '1', 'version.json'), '{"files":7}');
  await expect(registry.versions('intent')).rejects.toMatchObject({ code: 'MODEL_RECORD_UNREADABLE' });
});

it('keeps the copy when the original goes, and leaves nothing beside the versions', async () => {
  const folder = await newFolder();
  const modelFolder = await modelFolderForTests();
  const registry = localRegistry({ folder });
  await registry.register({ name: 'intent', modelFolder });
  await registry.register({ name: 'intent', modelFolder: '/nowhere' }).catch(() => undefined);
  await rm(modelFolder, { recursive: true });
  expect((await registry.version('intent', 1)).files.length).toBe(2);
  expect(await readdir(join(folder, 'intent'))).toEqual(['1']);
});

it('numbers the versions of several processes without gaps', async () => {
  const folder = await newFolder();
  const modelFolder = await modelFolderForTests();
  const script = `
    import { localRegistry } from ${JSON.stringify(fileURLToPath(new URL('local-registry.ts', import.meta.url)))};
    const registry = localRegistry({ folder: ${JSON.stringify(folder)} });
    for (let i = 0; i < 5; i++) await registry.register({ name: 'intent', modelFolder: ${JSON.stringify(modelFolder)} });`;
  const run = promisify(execFile);
  await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])));
  const versions = await localRegistry({ folder }).versions('intent');
  expect(versions.map((v) => v.version)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
});

async function withHistory(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await newFolder();
  const registry = localRegistry({ folder });
  const modelFolder = await modelFolderForTests();
  for (const version of [1, 2, 3]) {
    await registry.register({ name: 'intent', modelFolder });
    await registry.alias('intent', version, 'champion', `the ${version}.`);
  }
  return { folder, path: join(folder, 'intent', 'aliases.jsonl') };
}

it.each([
  ['changed', (lines: string[]) => [lines[0]?.replace('the 1.', 'the 9.'), ...lines.slice(1)]],
  ['removed', (lines: string[]) => lines.slice(1)],
  ['put in', (lines: string[]) => [lines[0], lines[0], ...lines.slice(1)]],
  ['no line of a history', (lines: string[]) => ['{}', ...lines.slice(1)]],
])('notices a line of the history that was %s', async (_, change) => {
  const { folder, path } = await withHistory();
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  await writeFile(path, `${change(lines).join('\n')}\n`);
  const error: unknown = await localRegistry({ folder })
    .aliasHistory('intent')
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'MODEL_HISTORY_BROKEN' });
});

it('goes on with a history whose last line was cut off', async () => {
  const { folder, path } = await withHistory();
  await appendFile(path, '{"alias":"champ');
  const registry = localRegistry({ folder });
  expect((await registry.version('intent', 'champion')).version).toBe(3);
  await registry.alias('intent', 1, 'champion');
  expect((await registry.aliasHistory('intent')).map((c) => c.version)).toEqual([1, 2, 3, 1]);
});

it('keeps every change of processes that set aliases at once', async () => {
  const { folder } = await withHistory();
  const script = `
    import { localRegistry } from ${JSON.stringify(fileURLToPath(new URL('local-registry.ts', import.meta.url)))};
    const registry = localRegistry({ folder: ${JSON.stringify(folder)} });
    for (let i = 0; i < 10; i++) await registry.alias('intent', 1 + i % 3, 'champion');`;
  const run = promisify(execFile);
  await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])));
  expect(await localRegistry({ folder }).aliasHistory('intent')).toHaveLength(33);
});

it('reads the aliases and the history that Smallboat 0.1 wrote', async () => {
  const folder = await newFolder();
  const registry = localRegistry({ folder });
  await registry.register({ name: 'intent', modelFolder: await modelFolderForTests() });
  const old = JSON.stringify({ alias: 'champion', version: 1, at: 5, reason: 'first' });
  await mkdir(join(folder, 'intent', 'aliases'));
  await writeFile(join(folder, 'intent', 'aliases', 'champion.json'), `${old}\n`);
  expect((await registry.version('intent', 'champion')).version).toBe(1);
  await writeFile(join(folder, 'intent', 'aliases.jsonl'), `${old}\n`);
  await registry.alias('intent', 1, 'challenger');
  expect((await registry.aliasHistory('intent')).map((c) => c.alias)).toEqual(['champion', 'challenger']);
});
