import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, it } from 'vitest';
import { loadSettings } from './config.ts';
import { configErrors } from './errors.ts';

const room = pathToFileURL(join(import.meta.dirname, 'index.ts')).href;
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-config-'));
});
const write = (profiles: string): Promise<void> =>
  writeFile(
    join(folder, 'smallboat.config.ts'),
    `import { defineConfig } from '${room}';\nexport const config = defineConfig({ profiles: ${profiles} });\n`,
  );

it('has defaults that need no file', async () => {
  expect(await loadSettings({ folder, env: {} })).toEqual({
    profile: 'local',
    home: join(folder, '.smallboat'),
  });
});

it('takes the profile that the environment names, and the environment over it', async () => {
  await write(`{ local: {}, big: { home: 'boat', memoryLimitMiB: 8000 } }`);
  const env = { SMALLBOAT_PROFILE: 'big', SMALLBOAT_MAX_WORKERS: '3' };
  expect(await loadSettings({ folder, env })).toMatchObject({
    home: join(folder, 'boat'),
    memoryLimitMiB: 8000,
    maxWorkers: 3,
  });
});

it('names the profiles that there are', async () => {
  await write(`{ local: {}, remote: {} }`);
  const error: unknown = await loadSettings({ folder, env: { SMALLBOAT_PROFILE: 'remot' } }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'PROFILE_UNKNOWN', facts: { profile: 'remot', known: 'local, remote' } });
});

it('refuses a setting that it does not know, by name', async () => {
  await write(`{ local: { memory: 1 } as never }`);
  const error: unknown = await loadSettings({ folder, env: {} }).catch((e: unknown) => e);
  expect(configErrors.CONFIG_INVALID.is(error)).toBe(true);
  expect(String(error)).toContain('memory');
});

it.each([
  [{}, undefined],
  [{ SMALLBOAT_TRACKERS: 'mlflow, wandb' }, ['mlflow', 'wandb']],
  [{ SMALLBOAT_TRACKERS: 'none' }, []],
])('reads the trackers from %j', async (env, trackers) => {
  expect((await loadSettings({ folder, env })).trackers).toEqual(trackers);
});

it('reads where models are deployed from the environment, over the file', async () => {
  await write(`{ local: { deploy: 'local', deployRole: 'arn:one' } }`);
  const env = { SMALLBOAT_DEPLOY: 'sagemaker', SMALLBOAT_DEPLOY_BUCKET: 's3://models' };
  expect(await loadSettings({ folder, env })).toMatchObject({
    deploy: 'sagemaker',
    deployRole: 'arn:one',
    deployBucket: 's3://models',
  });
  const wrong: unknown = await loadSettings({ folder, env: { SMALLBOAT_DEPLOY: 'heroku' } }).catch((e: unknown) => e);
  expect(configErrors.CONFIG_INVALID.is(wrong)).toBe(true);
});
