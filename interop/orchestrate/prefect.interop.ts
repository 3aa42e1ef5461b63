import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type Flow, loadFlow, openRunStore, readRun } from '../../packages/smallboat/src/flow/index.ts';
import {
  TRACE_LABEL,
  deployToPrefect,
  isolationOf,
  prefect,
  prefectWorker,
} from '../../packages/smallboat/src/orchestrate/index.ts';
import { engineCases } from '../../packages/smallboat/src/orchestrate/testing/cases.ts';
import { expectSameArtifacts } from '../../packages/smallboat/src/orchestrate/testing/same-artifacts.ts';
import { runTracing } from '../../packages/smallboat/src/cli/flow-tracing.ts';
import { startCollector } from '../collector.ts';
import { startPrefect } from '../prefect.ts';
import { aFolder, aProject, ran, smallboat } from './project.ts';

const project = aProject();
const home = aFolder();
let url = '';
let api: ReturnType<typeof prefect>;

beforeAll(async () => {
  const server = await startPrefect();
  url = server.url;
  api = prefect({ url });
  return () => server[Symbol.asyncDispose]();
});

const store = { folder: home };
const deploy = async (name: string): Promise<{ readonly id: string; readonly flow: Flow }> => {
  const flow = await loadFlow(project.module, name);
  const isolation = isolationOf(flow, { user: 'ada', isProduction: false });
  const id = await deployToPrefect(api, {
    flow,
    module: project.module,
    isolation,
    pool: 'boats',
    tags: [],
    token: 'production-token-0-test',
    owner: 'ada',
    cwd: project.root,
  });
  return { id, flow };
};
const start = async (id: string, parameters: object): Promise<string> =>
  (
    await api.ask<{ id: string }>('POST', `/deployments/${id}/create_flow_run`, {
      parameters,
      state: { type: 'SCHEDULED' },
    })
  ).id;
/** Works until so many flow runs have ended. */
const work = async (runs: number, signal = new AbortController().signal): Promise<void> =>
  prefectWorker({ api, pool: 'boats', store, runs, pollSeconds: 0.2, with: [], signal, say: () => undefined });
interface Said {
  readonly state_type: string;
  readonly state_name: string;
  readonly infrastructure_pid: string;
  readonly name: string;
}
const read = (id: string): Promise<Said> => api.ask('GET', `/flow_runs/${id}`);
const taskRuns = (id: string): Promise<readonly (Said & { task_inputs: object; run_count: number })[]> =>
  api.ask('POST', '/task_runs/filter', { flow_runs: { id: { any_: [id] } }, limit: 200 });
const runOf = (said: Said): string => said.infrastructure_pid.split('/').at(-1) ?? '';

describe('a worker of a real Prefect server', () => {
  it.each(engineCases.filter(({ isTelling }) => isTelling))(
    'makes what a run here makes: $name',
    async ({ flow, params }) => {
      const { id } = await deploy(flow.name);
      const flowRun = await start(id, { ...params, folder: aFolder() });
      await work(1);
      const said = await read(flowRun);
      expect(said.state_type).toBe('COMPLETED');
      await using opened = await openRunStore(store);
      expect((await opened.run(flow.name, runOf(said)))?.tags).toContain('production:production-token-0-test');
      await expectSameArtifacts(
        { store: opened, run: runOf(said) },
        { flow, params: { ...params, folder: aFolder() } },
      );
      const tasks = await taskRuns(flowRun);
      expect(tasks.length).toBeGreaterThan(1);
      expect(new Set(tasks.map(({ state_type: type }) => type))).toEqual(new Set(['COMPLETED']));
      const artifacts = await api.ask<{ key: string; data: string }[]>('POST', '/artifacts/filter', {
        artifacts: { flow_run_id: { any_: [flowRun] } },
      });
      expect(artifacts.map(({ key }) => key)).toEqual([`result-of-${flow.name.toLowerCase()}`]);
      const logs = await api.ask<{ message: string }[]>('POST', '/logs/filter', {
        logs: { flow_run_id: { any_: [flowRun] } },
      });
      expect(logs.some(({ message }) => message.startsWith(`The run is ${flow.name}/`))).toBe(true);
    },
  );

  it('sends spans of a run below what its label names, as Prefect’s own flows read it', async () => {
    await using collector = await startCollector();
    const [trace, parent] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    const { id } = await deploy('Traced');
    const { id: flowRun } = await api.ask<{ id: string }>('POST', `/deployments/${id}/create_flow_run`, {
      parameters: { folder: aFolder() },
      state: { type: 'SCHEDULED' },
      labels: { [TRACE_LABEL]: `00-${trace}-${parent}-01` },
    });
    await prefectWorker({
      api,
      pool: 'boats',
      store,
      runs: 1,
      pollSeconds: 0.2,
      with: [],
      signal: new AbortController().signal,
      say: () => undefined,
      trace: (TRACEPARENT) => runTracing({ env: { ...collector.env, TRACEPARENT }, err: () => undefined }),
    });
    const said = await read(flowRun);
    expect(said.state_type).toBe('COMPLETED');
    const run = collector.spans(trace).find(({ name }) => name === 'run Traced');
    expect(run).toMatchObject({ parentSpanId: parent });
    await using opened = await openRunStore(store);
    const { steps } = await readRun(opened, { flow: 'Traced', run: runOf(said) });
    const key = steps.find(({ name }) => name === 'look')?.tasks[0]?.artifacts['seen'];
    expect(key && (await opened.load('Traced', key))).toBe(`00-${trace}-${run?.spanId ?? ''}-01`);
  });

  it('has the schedule with its time zone, the parameters, and the triggers of the flow', async () => {
    const { id } = await deploy('Nightly');
    const said = await api.ask<{
      name: string;
      schedules: { schedule: object }[];
      parameter_openapi_schema: { required: string[]; properties: object };
    }>('GET', `/deployments/${id}`);
    expect(said.name).toBe('user.ada');
    expect(said.schedules[0]?.schedule).toMatchObject({ cron: '30 6 * * 1-5', timezone: 'Europe/Rome' });
    expect(said.parameter_openapi_schema.required).toEqual([]);
    expect(Object.keys(said.parameter_openapi_schema.properties)).toEqual(['folder', 'base']);
    const automations = await api.ask<object[]>('POST', '/automations/filter', {});
    expect(automations).toHaveLength(2);
    // As Prefect checks it.
    await expect(start(id, { folder: '/tmp', base: 'many' })).rejects.toThrow("is not of type 'number'");
  });

  it('goes on where a flow run failed when it is retried', async () => {
    const { id, flow } = await deploy('Grids');
    const folder = aFolder();
    writeFileSync(join(folder, 'break'), '');
    const flowRun = await start(id, { folder });
    await work(1);
    expect((await read(flowRun)).state_type).toBe('FAILED');
    expect((await taskRuns(flowRun)).map(({ state_type: type }) => type)).toContain('FAILED');
    const before = ran(folder);
    rmSync(join(folder, 'break'));
    // What the button "Retry" of the page does.
    await api.ask('POST', `/flow_runs/${flowRun}/set_state`, {
      state: { type: 'SCHEDULED', name: 'AwaitingRetry' },
      force: true,
    });
    await work(1);
    const said = await read(flowRun);
    expect(said.state_type).toBe('COMPLETED');
    expect(ran(folder).slice(before.length)).not.toContain('grid');
    await using opened = await openRunStore(store);
    await expectSameArtifacts({ store: opened, run: runOf(said) }, { flow, params: { folder: aFolder() } });
  });

  it('is used from the command line, and starts a flow when another has ended well', async () => {
    const { id: follower } = await deploy('Follower');
    const folder = aFolder();
    const env = { PREFECT_API_URL: url };
    const call = (...args: string[]) => smallboat(['prefect', ...args, '--json'], { cwd: project.root, env });
    const created = await call('create', `${project.flows}#Linear`, '--pool', 'boats');
    expect(created.code, created.err).toBe(0);
    expect(JSON.parse(created.out)).toMatchObject({ name: 'Linear/default', pool: 'boats' });
    // A second time it is changed by who has its token, and by nobody else.
    const { token } = JSON.parse(created.out) as { token: string };
    expect(JSON.parse((await call('create', `${project.flows}#Linear`, '--pool', 'boats')).out)).toMatchObject({
      token,
    });
    const other = await smallboat(['prefect', 'create', `${project.flows}#Linear`, '--home', aFolder()], {
      cwd: project.root,
      env,
    });
    expect(other.err).toContain('PRODUCTION_TOKEN_NEEDED');
    const triggered = await call('trigger', `${project.flows}#Linear`, '--folder', folder, '--base', '5');
    expect(triggered.code, triggered.err).toBe(0);
    await work(1);
    expect((await read((JSON.parse(triggered.out) as { id: string }).id)).state_type).toBe('COMPLETED');
    expect(ran(folder)).toEqual(['load', 'train', 'report']);
    const followed = await vi.waitFor(
      async () => {
        const all = await api.ask<{ id: string; tags: readonly string[] }[]>('POST', '/flow_runs/filter', {
          deployments: { id: { any_: [follower] } },
        });
        // Those of its schedule are there too, and due later.
        const { id: found = '' } = all.find(({ tags }) => !tags.includes('auto-scheduled')) ?? {};
        expect(found).not.toBe('');
        return found;
      },
      { timeout: 60_000, interval: 500 },
    );
    await work(1);
    expect((await read(followed)).state_type).toBe('COMPLETED');
  });

  it('stops a flow run that is cancelled', async () => {
    const { id } = await deploy('Slow');
    const folder = aFolder();
    const flowRun = await start(id, { folder });
    const working = work(1);
    await vi.waitFor(() => expect(ran(folder)).toContain('waiting'), { timeout: 60_000 });
    await api.ask('POST', `/flow_runs/${flowRun}/set_state`, { state: { type: 'CANCELLING', name: 'Cancelling' } });
    await working;
    expect((await read(flowRun)).state_type).toBe('CANCELLED');
  });
});
