import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from './main.ts';
import { recordingIo } from './testing.ts';

const flowRoom = new URL('../flow/index.ts', import.meta.url).href;
let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-store-commands-'));
  await writeFile(
    join(cwd, 'flow.ts'),
    `import { flow, step } from '${flowRoom}';
const greet = step('greet', { run: () => ({ greeting: 'hello '.repeat(200) }) });
export const hello = flow('Hello', {}, () => greet({}));`,
  );
  for (const tag of ['first', 'second']) await smallboat('run', 'flow.ts', '--tag', tag);
  await smallboat('run', 'flow.ts');
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

async function run(env: Record<string, string>, ...argv: string[]) {
  const io = recordingIo(cwd, { METAFLOW_HOME: '/nowhere', USER: 'ada', ...env });
  const code = await main(argv, io);
  return { code, ...io.said };
}
const smallboat = (...argv: string[]) => run({}, ...argv);
const json = async (...argv: string[]): Promise<unknown> =>
  JSON.parse((await smallboat(...argv, '--json')).out[0] ?? '');

describe('smallboat tag', () => {
  it('lists, adds, removes and replaces', async () => {
    expect(await json('tag', 'list')).toMatchObject({
      flow: 'Hello',
      tags: [],
      systemTags: expect.arrayContaining(['user:ada']),
    });
    expect((await smallboat('tag', 'add', 'latest', '--tag', 'a', '--tag', 'b')).out).toEqual([
      expect.stringMatching(/^Hello\/\d+: a, b$/),
    ]);
    expect(await json('tag', 'replace', 'latest', '--tag', 'a', '--with', 'c')).toMatchObject({ tags: ['b', 'c'] });
    expect(await json('tag', 'remove', 'latest', '--tag', 'b', '--tag', 'c')).toMatchObject({ tags: [] });
  });

  it('is called wrongly without a tag, and refuses system tags', async () => {
    expect(await smallboat('tag', 'add')).toMatchObject({ code: 2 });
    expect(await smallboat('tag', 'replace', 'latest', '--tag', 'a')).toMatchObject({ code: 2 });
    expect(await smallboat('tag', 'remove', 'latest', '--tag', 'user:ada')).toMatchObject({
      code: 1,
      err: [expect.stringContaining('TAG_REFUSED')],
    });
  });
});

describe('smallboat runs', () => {
  it('finds runs by their tags, of the user and of the system', async () => {
    expect(await json('runs', '--tag', 'first')).toHaveLength(1);
    expect(await json('runs', '--tag', 'runtime:dev')).toHaveLength(3);
    expect(await json('runs', '--tag', 'first', '--tag', 'second')).toEqual([]);
  });

  it('shows one’s own, those of another namespace, or all', async () => {
    expect(await json('runs')).toHaveLength(3);
    expect(await json('runs', '--namespace', 'user:bo')).toEqual([]);
    expect(await json('runs', '--namespace', 'second')).toHaveLength(1);
    expect(await json('runs', '--namespace=')).toHaveLength(3);
    expect((await run({ USER: 'bo' }, 'runs')).out[0]).toMatch(/namespace user:bo \(all: --namespace=\)/);
    expect((await run({ USER: 'bo' }, 'show')).err[0]).toMatch(/NO_RUNS.*user:bo.*--namespace=/);
    expect((await run({ METAFLOW_PRODUCTION_TOKEN: 't' }, 'runs')).out[0]).toMatch(/production:t/);
  });

  it('are kept where Metaflow’s configuration says', async () => {
    const METAFLOW_DATASTORE_SYSROOT_LOCAL = join(cwd, 'team');
    await run({ METAFLOW_DATASTORE_SYSROOT_LOCAL }, 'run', 'flow.ts');
    const { out } = await run({ METAFLOW_DATASTORE_SYSROOT_LOCAL }, 'runs', '--json');
    expect(JSON.parse(out[0] ?? '')).toHaveLength(1);
    expect(await json('runs', '--home', 'team')).toHaveLength(1);
  });
});

describe('smallboat gc', () => {
  it('says what it would delete, then deletes it', async () => {
    const args = ['gc', '--keep', '1', '--keep-tag', 'first'];
    const { out } = await smallboat(...args, '--dry-run');
    expect(out.at(-1)).toMatch(/^Would delete 1 run and 0 artifacts .*: [\d.]+ KiB would be free\. 2 runs kept\.$/);
    expect(await json('runs')).toHaveLength(3);
    expect(await json(...args)).toMatchObject({ dryRun: false, runs: [{ flow: 'Hello' }], runsKept: 2 });
    expect(await json('runs', '--tag', 'first')).toHaveLength(1);
    expect(await json('runs', '--tag', 'second')).toHaveLength(0);
    expect((await smallboat('dump')).out[0]).toContain('hello');
  });

  it('takes ages, and nothing else for one', async () => {
    expect(await json('gc', '--older-than', '1d')).toMatchObject({ runs: [] });
    expect(await smallboat('gc', '--older-than', 'old')).toMatchObject({
      code: 2,
      err: [expect.stringContaining('30d')],
    });
  });
});

describe('smallboat doctor', () => {
  it('says what is configured', async () => {
    const { code, out } = await smallboat('doctor');
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(/ok +runs +kept in .*as ada/);
    const findings = (await json('doctor')) as { area: string; state: string }[];
    expect(findings.map(({ area }) => area)).toEqual(
      expect.arrayContaining([
        'runtime',
        'configuration',
        'home',
        'Metaflow',
        'runs',
        'datastore',
        'metadata',
        'warehouse',
      ]),
    );
  });

  it.each([
    [{ METAFLOW_PROFILE: 'gone' }, 'Metaflow', 'METAFLOW_PROFILE_MISSING'],
    [
      { METAFLOW_DEFAULT_METADATA: 'service', METAFLOW_SERVICE_URL: 'http://127.0.0.1:9' },
      'metadata',
      'STORE_UNREACHABLE',
    ],
    [{ METAFLOW_DEFAULT_DATASTORE: 's3' }, 'runs', 'METAFLOW_CONFIG_INVALID'],
    [{ WAREHOUSE_URL: 'oracle:x' }, 'warehouse', 'WAREHOUSE_URL_UNKNOWN'],
  ])('fails for %j, with the way out', async (env, area, code) => {
    const { code: exit, out, err } = await run(env, 'doctor', '--json');
    expect(exit).toBe(1);
    expect(err[0]).toContain('DOCTOR_FOUND');
    const findings = JSON.parse(out[0] ?? '') as { area: string; state: string; fix?: string }[];
    const failed = findings.filter(({ state }) => state === 'failed');
    expect(failed).toMatchObject([{ area, fix: expect.stringContaining(code) }]);
  });
});
