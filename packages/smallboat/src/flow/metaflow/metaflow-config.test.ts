import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { metaflowConfigErrors, readMetaflowConfig } from './metaflow-config.ts';
import { metaflowStore } from './metaflow-store.ts';

let cwd = '';
let home = '';
beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'smallboat-metaflow-config-'));
  cwd = join(root, 'project/src');
  home = join(root, 'home');
  await mkdir(cwd, { recursive: true });
  await mkdir(home);
});
afterEach(() => rm(join(home, '..'), { recursive: true, force: true }));

const put = (path: string, content: unknown): Promise<void> =>
  writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
const read = (env: Record<string, string> = {}) => readMetaflowConfig({ env: { METAFLOW_HOME: home, ...env }, cwd });
const store = (env: Record<string, string> = {}) =>
  metaflowStore(read(env), { env, cwd, home: join(cwd, '.smallboat') });
const codeOf = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
};

describe("Metaflow's configuration", () => {
  it('is empty where there is none', () => {
    expect(read().files).toEqual([]);
    expect(read().get('USER')).toBe(undefined);
  });

  it('is the environment over the folder’s file over the home’s', async () => {
    await mkdir(join(cwd, '../.metaflow'));
    await put(join(cwd, '../.metaflow/config.json'), {
      METAFLOW_USER: 'folder',
      METAFLOW_SERVICE_URL: 'http://folder',
    });
    await put(join(home, 'config.json'), { METAFLOW_USER: 'home', METAFLOW_SERVICE_URL: 'http://home', METAFLOW_A: 1 });
    const config = read({ METAFLOW_USER: 'environment' });
    expect(config.find('USER')).toEqual({ value: 'environment', from: 'the environment' });
    expect(config.find('SERVICE_URL')).toMatchObject({ value: 'http://folder' });
    expect(config.find('A')).toEqual({ value: '1', from: join(home, 'config.json') });
    expect(config.files).toHaveLength(2);
  });

  it('is that of the profile, which must be there', async () => {
    await put(join(home, 'config.json'), { METAFLOW_USER: 'default' });
    await put(join(home, 'config_prod.json'), { METAFLOW_USER: 'prod' });
    expect(read({ METAFLOW_PROFILE: 'prod' }).get('USER')).toBe('prod');
    expect(read({ METAFLOW_PROFILE: '' }).get('USER')).toBe('default');
    expect(codeOf(() => read({ METAFLOW_PROFILE: 'prd' }))).toBe(metaflowConfigErrors.METAFLOW_PROFILE_MISSING.code);
  });

  it('loses a value to an empty variable', async () => {
    await put(join(home, 'config.json'), { METAFLOW_USER: 'home' });
    expect(read({ METAFLOW_USER: '' }).get('USER')).toBe(undefined);
  });

  it.each(['{"METAFLOW_USER":', '[]', '"text"'])('is refused where it is none: %s', async (content) => {
    await put(join(home, 'config.json'), content);
    expect(codeOf(read)).toBe(metaflowConfigErrors.METAFLOW_CONFIG_UNREADABLE.code);
  });
});

describe('the store that it says', () => {
  it('is none where nothing chooses one', async () => {
    await put(join(home, 'config.json'), { METAFLOW_SERVICE_URL: 'http://service', METAFLOW_BATCH_JOB_QUEUE: 'q' });
    expect(store()).toBe(undefined);
  });

  it('is S3 and the service, as `metaflow configure aws` writes them', async () => {
    await put(join(home, 'config_team.json'), {
      METAFLOW_DEFAULT_DATASTORE: 's3',
      METAFLOW_DATASTORE_SYSROOT_S3: 's3://team/metaflow',
      METAFLOW_DEFAULT_METADATA: 'service',
      METAFLOW_SERVICE_URL: 'https://example.com/api/',
      METAFLOW_SERVICE_AUTH_KEY: 'secret',
      METAFLOW_SERVICE_HEADERS: '{"x-team": "boat"}',
      METAFLOW_S3_SERVER_SIDE_ENCRYPTION: 'aws:kms',
      METAFLOW_S3_CLIENT_RETRY_CONFIG: { max_attempts: 4, mode: 'standard' },
    });
    expect(store({ METAFLOW_PROFILE: 'team', AWS_DEFAULT_REGION: 'eu-west-1', USER: 'ada' })).toEqual({
      folder: join(cwd, '.smallboat'),
      user: 'ada',
      isConfigured: true,
      datastore: {
        kind: 's3',
        root: 's3://team/metaflow',
        region: 'eu-west-1',
        encryption: 'aws:kms',
        attempts: 4,
        retryMode: 'standard',
      },
      metadata: {
        kind: 'service',
        url: 'https://example.com/api/',
        headers: { 'x-team': 'boat', 'x-api-key': 'secret' },
      },
    });
  });

  it('may be half here: in the folder that is said, or the nearest that has one', async () => {
    const half = { METAFLOW_DEFAULT_DATASTORE: 's3', METAFLOW_DATASTORE_SYSROOT_S3: 's3://b' };
    expect(store({ ...half, METAFLOW_DATASTORE_SYSROOT_LOCAL: '../runs' })?.folder).toBe(join(cwd, '../runs'));
    await mkdir(join(cwd, '../.metaflow'));
    expect(store(half)).toMatchObject({ folder: join(cwd, '..'), datastore: { root: 's3://b' } });
    expect(store(half)).not.toHaveProperty('metadata');
  });

  it('asks another server where one is said', () => {
    const there = {
      METAFLOW_DEFAULT_DATASTORE: 's3',
      METAFLOW_DATASTORE_SYSROOT_S3: 's3://b/p',
      METAFLOW_S3_ENDPOINT_URL: 'http://localhost:9000',
      METAFLOW_S3_VERIFY_CERTIFICATE: 'False',
      METAFLOW_S3_WORKER_COUNT: '8',
    };
    expect(store(there)?.datastore).toMatchObject({
      endpoint: 'http://localhost:9000',
      region: 'us-east-1',
      certificates: false,
      connections: 8,
    });
  });

  it.each([
    [{ METAFLOW_DEFAULT_DATASTORE: 'azure' }, 'METAFLOW_DEFAULT_DATASTORE'],
    [{ METAFLOW_DEFAULT_DATASTORE: 's3' }, 'METAFLOW_DATASTORE_SYSROOT_S3'],
    [{ METAFLOW_DEFAULT_METADATA: 'service' }, 'METAFLOW_SERVICE_URL'],
    [
      { METAFLOW_DEFAULT_METADATA: 'service', METAFLOW_SERVICE_URL: 'http://x', METAFLOW_SERVICE_RETRY_COUNT: 'many' },
      'METAFLOW_SERVICE_RETRY_COUNT',
    ],
    [
      { METAFLOW_DEFAULT_METADATA: 'service', METAFLOW_SERVICE_URL: 'http://x', METAFLOW_SERVICE_HEADERS: 'key' },
      'METAFLOW_SERVICE_HEADERS',
    ],
  ])('is refused where it is wrong, by name: %j', (env, name) => {
    let caught: unknown;
    try {
      store(env);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'METAFLOW_CONFIG_INVALID', facts: { name } });
  });

  it('has the user that Metaflow would take', () => {
    const local = { METAFLOW_DEFAULT_DATASTORE: 'local' };
    expect(store({ ...local, METAFLOW_USER: 'ada', USER: 'bo' })?.user).toBe('ada');
    expect(store({ ...local, SUDO_USER: 'cy', USER: 'root' })?.user).toBe('cy');
    expect(store({ ...local, USER: 'root' })?.user).toBe(undefined);
  });
});
