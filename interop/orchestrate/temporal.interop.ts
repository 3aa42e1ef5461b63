import { Client, Connection } from '@temporalio/client';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadFlow, openRunStore } from '../../packages/smallboat/src/flow/index.ts';
import { runOf, tracedParameters } from '../../packages/smallboat/src/flow/orchestrated/index.ts';
import { type Temporal, temporal, temporalWorker } from '../../packages/smallboat/src/orchestrate/index.ts';
import { engineCases } from '../../packages/smallboat/src/orchestrate/testing/cases.ts';
import { held, loops, squares, troubles } from '../../packages/smallboat/src/orchestrate/testing/flows.ts';
import { expectSameArtifacts } from '../../packages/smallboat/src/orchestrate/testing/same-artifacts.ts';
import { startCollector } from '../collector.ts';
import { startTemporal } from '../temporal.ts';
import { aFolder, aProject, ran, smallboat } from './project.ts';

const project = aProject();
const home = aFolder();
const program = fileURLToPath(new URL('../../packages/smallboat/bin/smallboat.js', import.meta.url));
let env: Readonly<Record<string, string>>;
let server: Temporal;
/** Temporal's own client, to see what is there. */
let client: Client;

beforeAll(async () => {
  const started = await startTemporal();
  ({ env } = started);
  server = await temporal(env);
  client = new Client({ connection: await Connection.connect({ address: started.address }) });
  return async () => {
    await client.connection.close();
    await server[Symbol.asyncDispose]();
    await started[Symbol.asyncDispose]();
  };
});

const store = { folder: home };
const deploy = async (flowName: string, mostWork?: number): Promise<void> => {
  const flow = await loadFlow(project.module, flowName);
  await server.deploy({
    flow,
    isolation: { name: flowName },
    token: 'production-token-0-test',
    owner: 'ada',
    tags: ['engines'],
    heartbeatSeconds: 2,
    ...(mostWork === undefined ? {} : { mostWork }),
  });
};

/** Has a worker while something is done. */
async function withWorker<T>(flowName: string, work: () => Promise<T>, more: typeof env = {}): Promise<T> {
  const stop = new AbortController();
  const flow = await loadFlow(project.module, flowName);
  const { module, root: cwd } = project;
  const say = (): void => undefined;
  const worker = temporalWorker({
    flow,
    module,
    name: flowName,
    store,
    maxWorkers: 2,
    env: { ...env, ...more },
    cwd,
    signal: stop.signal,
    say,
  });
  try {
    return await Promise.race([work(), worker.then(() => Promise.reject(new Error('The worker ended')))]);
  } finally {
    stop.abort();
    await worker;
  }
}

const call = (...args: string[]) =>
  smallboat(['temporal', ...args, '--json', '--home', home], { cwd: project.root, env });

describe('a workflow whose activities are tasks, on a real Temporal server', () => {
  it.each(engineCases.filter(({ flow }) => flow.name !== 'Troubles'))(
    'makes what a run here makes: $name',
    async ({ flow, params }) => {
      await deploy(flow.name);
      const execution = await server.start(flow.name, { ...params, folder: aFolder() });
      const ended = await withWorker(flow.name, () => server.ended(execution));
      expect(ended).toEqual({ state: 'COMPLETED' });
      await using opened = await openRunStore(store);
      const run = (await runOf(opened, flow.name, execution)) ?? '';
      await expectSameArtifacts({ store: opened, run }, { flow, params: { ...params, folder: aFolder() } });
      const info = await opened.run(flow.name, run);
      expect(info?.systemTags).toContain('production:production-token-0-test');
      expect(info?.tags).toEqual(['engines']);
      expect(info?.user).toBe('TEMPORAL');
    },
  );

  it('sends spans of its tasks below whoever started it', async () => {
    await using collector = await startCollector();
    const [trace, parent] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    await deploy('Traced');
    const given = tracedParameters({ folder: aFolder() }, { TRACEPARENT: `00-${trace}-${parent}-01` });
    const execution = await server.start('Traced', given);
    await withWorker('Traced', () => server.ended(execution), collector.env);
    expect(collector.traces()).toEqual(new Set([trace]));
    const named = (name: string) => collector.spans(trace).find((span) => span.name === name);
    expect(named('run Traced')).toMatchObject({ parentSpanId: parent });
    expect(named('look')).toMatchObject({ parentSpanId: named('run Traced')?.spanId });
  });

  it('tries a body as often as its retry says, and then its catch', async () => {
    await deploy('Troubles');
    const folder = aFolder();
    const execution = await server.start('Troubles', { folder });
    expect(await withWorker('Troubles', () => server.ended(execution))).toEqual({ state: 'COMPLETED' });
    const bodies = ran(folder);
    expect(bodies.filter((name) => name.startsWith('flaky'))).toEqual(['flaky 0', 'flaky 1', 'flaky 2']);
    expect(bodies.filter((name) => name === 'hopeless')).toHaveLength(2);
    expect(bodies.filter((name) => name === 'slow')).toHaveLength(1);
    await using opened = await openRunStore(store);
    const run = (await runOf(opened, 'Troubles', execution)) ?? '';
    await expectSameArtifacts({ store: opened, run }, { flow: troubles, params: { folder: aFolder() } });
  });

  it('goes on where it failed when it is resumed, with what had ended left as it is', async () => {
    await deploy('Grids');
    const folder = aFolder();
    writeFileSync(join(folder, 'break'), '');
    const execution = await server.start('Grids', { folder });
    await withWorker('Grids', async () => {
      const { state, message } = await server.ended(execution);
      expect(state).toBe('FAILED');
      expect(message).toContain('three is broken');
      const before = ran(folder);
      rmSync(join(folder, 'break'));
      const resumed = await call('resume', `${project.flows}#Grids`, execution, '--wait');
      expect(resumed.code, resumed.err).toBe(0);
      const again = ran(folder).slice(before.length);
      expect(again).toContain('fit 3 1');
      expect(again.filter((name) => name !== 'fit 3 1' && before.includes(name))).toEqual([]);
      expect((await call('resume', `${project.flows}#Grids`, execution)).err).toContain('TEMPORAL_EXECUTION_RUNS');
    });
  });

  it('goes on with a new worker where the one before was killed in the middle of a task', async () => {
    await deploy('Held');
    const folder = aFolder();
    writeFileSync(join(folder, 'hold'), '');
    const execution = await server.start('Held', { folder });
    const args = ['temporal', 'worker', `${project.flows}#Held`, '--home', home];
    const first = spawn(process.execPath, [program, ...args], { cwd: project.root, env: { ...process.env, ...env } });
    await vi.waitFor(() => expect(ran(folder)).toContain('held 0'), { timeout: 60_000, interval: 50 });
    first.kill('SIGKILL');
    await once(first, 'exit');
    rmSync(join(folder, 'hold'));
    expect(await withWorker('Held', () => server.ended(execution))).toEqual({ state: 'COMPLETED' });
    // Its step has no retry and a catch: the lost worker was no failure of the step.
    expect(ran(folder)).toEqual(['load', 'held 0', 'held 1', 'report']);
    await using opened = await openRunStore(store);
    const run = (await runOf(opened, 'Held', execution)) ?? '';
    await expectSameArtifacts({ store: opened, run }, { flow: held, params: { folder: aFolder() } });
  });

  it.each([
    ['a list', squares, { size: 5 }],
    ['a repeat', loops, { begin: 0 }],
  ])('runs what is too much for one history in workflows of their own: %s', async (_, flow, params) => {
    await deploy(flow.name, 2);
    const execution = await server.start(flow.name, { ...params, folder: aFolder() });
    expect(await withWorker(flow.name, () => server.ended(execution))).toEqual({ state: 'COMPLETED' });
    const parts = client.workflow.list({ query: `TaskQueue = '${flow.name}' AND WorkflowType = 'smallboatPart'` });
    expect((await names(parts)).every((name) => name.startsWith(`${execution}/`))).toBe(true);
    expect((await names(parts)).length).toBeGreaterThan(1);
    await using opened = await openRunStore(store);
    const run = (await runOf(opened, flow.name, execution)) ?? '';
    await expectSameArtifacts({ store: opened, run }, { flow, params: { ...params, folder: aFolder() } });
  });

  it('stops a body when its execution is stopped', async () => {
    expect((await call('create', `${project.flows}#Slow`)).code).toBe(0);
    const folder = aFolder();
    const execution = await server.start('Slow', { folder });
    await withWorker('Slow', async () => {
      await vi.waitFor(() => expect(ran(folder)).toContain('waiting'), { timeout: 60_000, interval: 50 });
      expect((await call('terminate', `${project.flows}#Slow`, execution)).code).toBe(0);
      expect((await server.ended(execution)).state).toBe('CANCELLED');
    });
  });
});

describe('smallboat temporal', () => {
  it('creates, triggers, lists, and starts a flow by an event and by the end of another', async () => {
    const nightly = `${project.flows}#Nightly`;
    const created = await call('create', nightly);
    expect(created.code, created.err).toBe(0);
    const { name, token } = JSON.parse(created.out) as { name: string; token: string };
    expect(name).toBe('shop.user.ada.Nightly');
    expect(token).toMatch(/^production-token-0-[a-z]{4}$/);
    // A second time it is changed, and keeps its token.
    expect(JSON.parse((await call('create', nightly)).out)).toMatchObject({ name, token });
    // Somebody else's machine has no token.
    const other = await smallboat(['temporal', 'create', nightly, '--home', aFolder()], { cwd: project.root, env });
    expect(other.err).toContain('PRODUCTION_TOKEN_NEEDED');
    const branch = JSON.parse((await call('create', nightly, '--branch', 'try')).out) as { name: string };
    expect(branch.name).toBe('shop.test.try.Nightly');
    const told = await call('event', 'orders.loaded');
    const { started } = JSON.parse(told.out) as { started: readonly string[] };
    expect(started.map((one) => one.replace(/-[^-]+-[^-]+$/, '')).sort()).toEqual([branch.name, name].sort());
    const listed = JSON.parse((await call('list-runs', nightly)).out) as { name: string; state: string }[];
    expect(listed).toEqual([expect.objectContaining({ name: started.find((one) => one.startsWith(name)) })]);
    expect((await call('delete', nightly)).code).toBe(0);
    expect((await call('list-runs', nightly)).err).toContain('TEMPORAL_NOT_DEPLOYED');
    // A flow without a project waits for another without one.
    await deploy('Follower');
    await deploy('Linear');
    const execution = await server.start('Linear', { folder: aFolder() });
    await withWorker('Linear', () => server.ended(execution));
    const followers = client.workflow.list({ query: "TaskQueue = 'Follower'" });
    expect(await names(followers)).toEqual([`Follower-after-${execution}`]);
  });

  it('has the schedule with its time zone', async () => {
    await deploy('Hourly');
    const { spec, info } = await client.schedule.getHandle('Hourly').describe();
    expect(spec.timezone).toBe('Asia/Tokyo');
    expect(info.nextActionTimes[0]?.getUTCMinutes()).toBe(0);
  });
});

async function names(found: AsyncIterable<{ readonly workflowId: string }>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const { workflowId } of found) all.push(workflowId);
  return all;
}
