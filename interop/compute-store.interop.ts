import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { moto } from './compute/moto.ts';
import { fan, linear, retried } from './compute/project/flows.ts';
import { type Service, aProject, batch, kubernetes, ran, smallboat } from './compute/services.ts';
import { python } from './python.ts';
import { recordingIo } from '../packages/smallboat/src/cli/testing.ts';
import { type StoreSpec, runFlow } from '../packages/smallboat/src/flow/index.ts';

// The SDKs look into the environment of the process.
afterEach(() => void vi.unstubAllEnvs());

const project = aProject();
const aFolder = (): string => mkdtempSync(join(tmpdir(), 'smallboat-runs-'));

/** Runs a program with Metaflow's client, and parses the JSON that it prints last. */
async function ask(program: string, env: Readonly<Record<string, string>>): Promise<unknown> {
  const home = aFolder();
  const path = join(home, 'program.py');
  writeFileSync(path, `import json\nfrom metaflow import Flow, namespace\nnamespace(None)\n${program}`);
  const printed = await python('compute', [path], {
    cwd: home,
    env: { METAFLOW_HOME: home, METAFLOW_USER: 'ada', ...env },
  });
  return JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '');
}

const READ = `
run = Flow('Linear').latest_run
task = run['load'].task
print(json.dumps({
  'successful': run.successful, 'value': task.data.value, 'weights': [float(x) for x in task.data.weights],
  'text': run['report'].task.data.text, 'artifacts': sorted(a.id for a in task if not a.id.startswith('_')),
  'attempt': task.current_attempt, 'stdout': sorted(task.stdout.splitlines()),
  'script': run.code.script_name, 'source': run.code.flowspec.decode().split('\\n')[0],
  'flow': run.code.info['flow_name'], 'files': sorted(run.code.tarball.getnames())[:3],
}))`;
const SEEN = {
  successful: true,
  value: 42,
  weights: [0.5, 1.5],
  text: 'worth 42',
  artifacts: ['cwd', 'greeting', 'keys', 'user', 'value', 'weights'],
  attempt: 0,
  stdout: ['loading base=0', 'written'],
  script: 'app/flows.ts',
  source: expect.stringContaining('Flows whose steps run as jobs') as string,
  flow: 'Linear',
  files: ['INFO', 'app/flows.ts', 'app/lib/double.ts'],
};

describe('runs in a folder that is shared', () => {
  it('are read by Metaflow’s client, with the code that they were made with, and by our command', async () => {
    await using service = await kubernetes();
    const folder = aFolder();
    const env = { ...service.env, SMALLBOAT_SHARED_FOLDER: '1', GREETING: 'hi' };
    const io = recordingIo(project.root, env);
    await using _ = await runFlow(linear.with({ compute: 'kubernetes' }), {
      module: project.module,
      store: { folder, user: 'ada' },
      io,
      params: { folder },
    });
    const seen = await ask(READ, {
      METAFLOW_DATASTORE_SYSROOT_LOCAL: folder,
      METAFLOW_DEFAULT_METADATA: 'local',
      METAFLOW_DEFAULT_DATASTORE: 'local',
    });
    expect(seen).toEqual(SEEN);
    const told = await smallboat(['code', '--home', folder, '--namespace', '', '--json'], { cwd: project.root, env })
      .ended;
    expect(JSON.parse(told.out)).toMatchObject({
      info: { flow_name: 'Linear', script: 'app/flows.ts' },
      files: expect.arrayContaining([expect.objectContaining({ path: 'app/sql/cart.sql' })]) as unknown[],
    });
  });
});

describe('runs in S3', () => {
  let aws: Awaited<ReturnType<typeof moto>>;
  beforeAll(async () => {
    aws = await moto();
    await fetch(`${aws.url}/runs`, { method: 'PUT' });
    return () => aws[Symbol.asyncDispose]();
  });

  /** A store in the bucket, with metadata in a folder of this machine, which no container sees. */
  const inS3 = (): StoreSpec => ({
    folder: aFolder(),
    user: 'ada',
    datastore: { kind: 's3', root: 's3://runs/metaflow', endpoint: aws.url, region: 'us-east-1' },
  });
  /** The role of the machines. */
  const machine = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const optionsFor = (service: Service, store: StoreSpec) => {
    const env = { ...service.env, ...machine, GREETING: 'hi' };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return { module: project.module, store, io: recordingIo(project.root, env) };
  };

  it('are made by jobs of AWS Batch, and read by Metaflow’s client with its local metadata', async () => {
    await using service = await batch({ machine });
    const store = inS3();
    const folder = aFolder();
    await using run = await runFlow(linear.with({ compute: 'batch' }), {
      ...optionsFor(service, store),
      params: { folder },
    });
    expect(await run.result()).toEqual({ text: 'worth 42', sum: 2 });
    expect(ran(folder).map(({ where }) => where)).not.toContain('here');
    const seen = await ask(READ, {
      METAFLOW_DATASTORE_SYSROOT_LOCAL: store.folder,
      METAFLOW_DEFAULT_METADATA: 'local',
      METAFLOW_DEFAULT_DATASTORE: 's3',
      METAFLOW_DATASTORE_SYSROOT_S3: 's3://runs/metaflow',
      METAFLOW_S3_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: 'us-east-1',
    });
    expect(seen).toEqual(SEEN);
  });

  it('go on after a task that failed, and where a job is long', async () => {
    await using service = await kubernetes({ machine });
    const folder = aFolder();
    const options = optionsFor(service, inS3());
    await using run = await runFlow(retried.with({ compute: 'kubernetes' }), { ...options, params: { folder } });
    expect(await run.result()).toEqual({ attempt: 1 });
    // What the service is told has a limit: a long list of inputs goes through the store.
    const wide = fan.with(({ name }) => ({ compute: name === 'sum' ? 'kubernetes' : 'local' }));
    await using second = await runFlow(wide, { ...options, params: { folder, size: 40 } });
    expect(await second.result()).toEqual({ total: (40 * 41 * 81) / 6 });
  });

  it('are found by the settings of Metaflow on the command line', async () => {
    await using service = await kubernetes({ machine });
    const folder = aFolder();
    const { ended } = smallboat(['run', 'flows.ts#Linear', '--folder', folder, '--with', 'kubernetes'], {
      cwd: project.root,
      env: {
        ...service.env,
        ...machine,
        GREETING: 'hi',
        METAFLOW_DEFAULT_DATASTORE: 's3',
        METAFLOW_DATASTORE_SYSROOT_S3: 's3://runs/other',
        METAFLOW_S3_ENDPOINT_URL: aws.url,
        METAFLOW_DATASTORE_SYSROOT_LOCAL: folder,
        AWS_REGION: 'us-east-1',
      },
    });
    expect(await ended).toMatchObject({ code: 0 });
    expect(ran(folder)).toHaveLength(2);
  });
});
