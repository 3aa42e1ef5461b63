import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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
