import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { breaking, fan, fated, linear, meeting, mixed } from './compute/project/flows.ts';
import {
  type MakeService,
  type Service,
  aProject,
  batch,
  kubernetes,
  ran,
  recorder,
  smallboat,
} from './compute/services.ts';
import { type Flow, readRun, resumeFlow, runFlow } from '../packages/smallboat/src/flow/index.ts';
import { localRunStore } from '../packages/smallboat/src/flow/store/local-run-store.ts';
import { recordingIo } from '../packages/smallboat/src/cli/testing.ts';

afterEach(() => void vi.unstubAllEnvs());

const services: readonly (readonly [string, MakeService])[] = [
  ['AWS Batch', batch],
  ['Kubernetes', kubernetes],
];

describe.each(services)('a flow whose steps are jobs of %s', (serviceName, make) => {
  const project = aProject();
  let service: Service;
  beforeAll(async () => {
    service = await make();
    return () => service[Symbol.asyncDispose]();
  });

  /** What the flow is run with: a fresh folder for its runs, which stands for a shared file system. */
  const withRun = (of: Service = service) => {
    const folder = mkdtempSync(join(tmpdir(), 'smallboat-runs-'));
    const env = { ...of.env, SMALLBOAT_SHARED_FOLDER: '1', GREETING: 'hello', HOME: project.root };
    const io = recordingIo(project.root, env);
    const { events, onEvent } = recorder();
    // The SDKs look into the environment of the process.
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return { folder, io, events, options: { module: project.module, store: { folder }, io, onEvent } };
  };
  const remote = <F extends Flow>(flow: F, of: Service = service): F => flow.with({ compute: of.compute }) as F;
  const failureOf = (work: Promise<unknown>): Promise<{ facts: { error: { kind: string; message: string } } }> =>
    work.then(
      () => expect.fail('it went well'),
      (error: unknown) => error as never,
    );

  it('gives what it gives here, and says what its bodies say', async () => {
    const { folder, io, events, options } = withRun();
    await using run = await runFlow(remote(linear), { ...options, params: { folder, base: 1 } });
    expect(await run.result()).toEqual({ text: 'worth 44', sum: 2 });
    expect(ran(folder).every(({ where }) => where !== 'here')).toBe(true);
    const tasks = await run.store.tasks(run.flow, run.run);
    const load = tasks.find(({ path }) => path.step === 'load');
    if (!load) throw new Error('no task');
    const value = (name: string): Promise<unknown> =>
      run.store.load(run.flow, load.ended?.artifacts[name] ?? ('' as never));
    expect(await value('greeting')).toBe('hello');
    expect(await value('cwd')).toMatch(/smallboat-code-\w+\/app$/);
    // Nothing of the machine that started it is in the container but what it was given.
    expect(await value('keys')).toEqual([]);
    expect(await value('user')).toBe(run.store.user);
    expect((await run.store.readLog(load.path, 0, 'stdout')).split('\n').sort()).toEqual([
      '',
      'loading base=1',
      'written',
    ]);
    expect(await run.store.readLog(load.path, 0, 'stderr')).toContain('to stderr\n');
    const shown = io.said.err.filter((line) => line.startsWith('load | '));
    expect([...shown].sort()).toEqual(['load | loading base=1', 'load | to stderr', 'load | written']);
    const progress = events.flatMap((event) => (event.kind === 'taskProgress' ? [event.progress] : []));
    expect(progress).toContainEqual({ fraction: 0.5, message: 'half way' });
    expect(progress.some(({ message }) => message?.startsWith(`${serviceName}: `))).toBe(true);
  });

  it('runs a task an element side by side, whatever the cores of this machine', async () => {
    const { folder, options } = withRun();
    await using run = await runFlow(remote(fan), { ...options, params: { folder } });
    expect(await run.result()).toEqual({ total: 55 });
    expect(
      ran(folder)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['list', 'square1', 'square2', 'square3', 'square4', 'square5', 'sum']);
    expect(new Set(ran(folder).map(({ where }) => where)).size).toBe(7);
  });

  it('runs the steps here that say so', async () => {
    const { folder, options } = withRun();
    // As --with does it: what a step says itself stays.
    const flow = mixed.with(({ options: said }) => (said.compute ? {} : { compute: service.compute }));
    await using run = await runFlow(flow, { ...options, params: { folder } });
    expect(await run.result()).toEqual({ total: 55 });
    expect(ran(folder).filter(({ where }) => where === 'here')).toEqual([{ name: 'list', where: 'here' }]);
  });

  it('resumes from what had ended, without running it again', async () => {
    const { folder, options } = withRun();
    writeFileSync(join(folder, 'break'), '');
    const failed = await failureOf(runFlow(remote(fan), { ...options, params: { folder } }));
    expect(failed).toMatchObject({
      code: 'STEP_FAILED',
      facts: { error: { kind: 'threw', message: 'three is broken' } },
    });
    rmSync(join(folder, 'break'));
    await using run = await resumeFlow(remote(fan), options);
    expect(await run.result()).toEqual({ total: 55 });
    const counts = Object.groupBy(ran(folder), ({ name }) => name);
    expect(
      Object.values(counts)
        .map((all) => all?.length)
        .filter((n) => n !== 1),
    ).toEqual([2]);
    expect(counts['square3']).toHaveLength(2);
  });

  it('tells a body that threw, with its own lines, from one that was killed', async () => {
    const { folder, options } = withRun();
    const threw = await failureOf(runFlow(remote(fated), { ...options, params: { folder, what: 'throw' } }));
    expect(threw.facts.error).toMatchObject({
      kind: 'threw',
      message: 'by itself',
      stack: expect.stringMatching(/app\/flows\.ts:\d+/) as string,
    });
    const killed = await failureOf(runFlow(remote(fated), { ...options, params: { folder, what: 'kill' } }));
    expect(killed.facts.error).toMatchObject({
      kind: 'killed',
      message: expect.stringContaining('was killed by SIGKILL') as string,
    });
  });

  it('tells one that took more memory than it may', async () => {
    const { folder, options } = withRun();
    const flow = fated.with({ compute: service.compute, resources: { memoryMiB: 400 } });
    vi.stubEnv('METAFLOW_KUBERNETES_QOS', 'Guaranteed');
    const io = recordingIo(project.root, { ...process.env, METAFLOW_KUBERNETES_QOS: 'Guaranteed' });
    const failed = await failureOf(runFlow(flow, { ...options, io, params: { folder, what: 'memory' } }));
    expect(failed.facts.error.kind).toBe('outOfMemory');
    expect(failed.facts.error.message).toMatch(
      /^fate ran out of memory: .*OutOfMemory|OOMKilled.*, with resources.memoryMiB at 400/,
    );
  });

  it('ends one that is out of time, though it computes without a pause', async () => {
    const { folder, options } = withRun();
    const flow = fated.with({ compute: service.compute, timeoutSeconds: 0.5 });
    const failed = await failureOf(runFlow(flow, { ...options, graceSeconds: 0.2, params: { folder, what: 'hang' } }));
    expect(failed.facts.error).toMatchObject({
      kind: 'timedOut',
      message: expect.stringContaining('timeoutSeconds, 0.5') as string,
    });
  });

  it('tells one whose machine was lost, and lets another attempt go on from its checkpoint', async () => {
    const { folder, options } = withRun();
    const lost = runFlow(remote(fated), { ...options, params: { folder, what: 'wait' } });
    await service.running('fate');
    await vi.waitFor(() => expect(ran(folder)).toHaveLength(1), { timeout: 60_000 });
    service.loseMachine('fate');
    const failed = await failureOf(lost);
    expect(failed.facts.error).toMatchObject({ kind: 'machineLost' });
    expect(failed.facts.error.message).toMatch(
      /^The machine that ran fate was lost: (?:Host EC2|DeletionByTaintManager)/,
    );
  });

  it('hands a notice that the machine goes to the body, and tries elsewhere', async () => {
    let isGoing = false;
    const metadata = createServer((request, response) => {
      if (request.url?.endsWith('/api/token')) return response.end('pass');
      if (request.url?.endsWith('/instance-life-cycle')) return response.end('spot');
      const isAsked = request.url?.endsWith('/spot/termination-time');
      return isAsked && isGoing ? response.end('2026-11-23T11:29:26Z') : response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`;
    await using spot = await make({ machine: { AWS_EC2_METADATA_SERVICE_ENDPOINT: url } });
    const { folder, events, options } = withRun(spot);
    const flow = fated.with({ compute: spot.compute, retry: { times: 1, backoffSeconds: 0 } });
    const going = runFlow(flow, { ...options, params: { folder, what: 'wait' } });
    await vi.waitFor(() => expect(ran(folder)).toHaveLength(1), { timeout: 60_000 });
    isGoing = true;
    await vi.waitFor(() => expect(existsSync(join(folder, 'aborted'))).toBe(true), { timeout: 60_000 });
    // The next attempt is on another machine.
    isGoing = false;
    await using run = await going;
    metadata.close();
    expect(await run.result()).toEqual({ before: { reached: 7 } });
    expect(readFileSync(join(folder, 'aborted'), 'utf8')).toContain('The machine will be taken away');
    const [retry] = events.filter((event) => event.kind === 'taskRetried');
    expect(retry).toMatchObject({ error: { kind: 'machineLost' } });
  });

  it('stops its jobs when it is stopped, and can be resumed', async () => {
    const { folder, options } = withRun();
    const stop = new AbortController();
    const stopped = failureOf(
      runFlow(remote(fated), { ...options, signal: stop.signal, params: { folder, what: 'wait' } }),
    );
    await vi.waitFor(() => expect(ran(folder)).toHaveLength(1), { timeout: 60_000 });
    const before = Date.now();
    stop.abort();
    expect(await stopped).toMatchObject({ code: 'RUN_INTERRUPTED' });
    expect(Date.now() - before).toBeLessThan(3000);
    // The body was told in its container.
    await vi.waitFor(() => expect(existsSync(join(folder, 'aborted'))).toBe(true), { timeout: 60_000 });
    await using run = await resumeFlow(remote(fated), options);
    expect(await run.result()).toEqual({ before: { reached: 7 } });
  });

  it('runs a gang at the same time, whose tasks know where the main one is', async () => {
    const { folder, options } = withRun();
    writeFileSync(join(folder, 'ran'), '');
    await using run = await runFlow(remote(meeting), { ...options, params: { folder } });
    const { met } = await run.result();
    expect(met).toHaveLength(3);
    if (service.compute === 'batch') {
      // The main node finds its own address; the others are told.
      expect(met[0]).toMatch(/^0 (\d+\.\d+\.\d+\.\d+) \1$/);
      expect(met.slice(1)).toEqual(['1 127.0.0.1 127.0.0.1', '2 127.0.0.1 127.0.0.1']);
      expect(service.started('meet')).toBe(1);
      return;
    }
    const [made] = service.names() as { metadata: { name: string; ownerReferences: object[] }; spec: object }[];
    const main = `task-0.${made?.metadata.name ?? ''}.default.svc`;
    expect(met).toEqual([0, 1, 2].map((index) => `${index} ${main} ${main}`));
    const pods = service.submitted.slice(-4).flatMap((one) => {
      const { spec } = one as { spec: { template: { metadata: { labels: object }; spec: Record<string, unknown> } } };
      return spec.template.spec['subdomain'] === undefined ? [] : [spec.template];
    });
    expect(new Set(pods.map(({ spec }) => spec['hostname']))).toEqual(new Set(['task-0', 'task-1', 'task-2']));
    for (const { metadata } of pods) expect(metadata.labels).toMatchObject({ 'smallboat/gang': made?.metadata.name });
    expect(made?.spec).toMatchObject({ clusterIP: 'None', selector: { 'smallboat/gang': made?.metadata.name } });
  });

  it.each([0, 1])('ends a gang whose task %d throws, says so, and runs all of it again', async (who) => {
    const { folder, events, options } = withRun();
    await using run = await runFlow(remote(breaking), { ...options, params: { folder, who } });
    expect(await run.result()).toEqual({ at: [0, 1, 2] });
    const told = events.flatMap((event) => (event.kind === 'taskRetried' ? [event.error.message] : []));
    expect(told).toHaveLength(3);
    expect(told.filter((message) => message.includes(`${who} breaks it`))).toHaveLength(3);
    expect(ran(folder)).toHaveLength(6);
  });

  it('says of an image that is not there that it could not be started', async () => {
    const { folder, options } = withRun();
    const flow = fated.with({ compute: service.compute, image: 'missing/image' });
    const failed = await failureOf(runFlow(flow, { ...options, params: { folder } }));
    expect(failed.facts.error.message).toMatch(
      /could not be started on .*(?:CannotPullContainerError|InvalidImageName)/,
    );
    const store = localRunStore({ folder });
    const [info] = await store.runs('Fated');
    if (!info) throw new Error('no run');
    const task = (await readRun(store, info)).steps
      .flatMap(({ tasks }) => tasks)
      .find(({ path }) => path.step === 'fate');
    if (!task) throw new Error('no task');
    expect(await store.readLog(task.path, 0, 'stderr')).toMatch(/CannotPullContainerError|InvalidImageName/);
  });

  describe('on the command line', () => {
    it('is switched by --with, by the environment, and by the profile', async () => {
      const { folder } = withRun();
      const env = { ...service.env, SMALLBOAT_SHARED_FOLDER: '1', GREETING: 'hi' };
      const args = (name: string): string[] => ['run', `flows.ts#${name}`, '--folder', folder, '--home', folder];
      const runs = [
        smallboat([...args('Linear'), '--with', service.compute], { cwd: project.root, env }),
        smallboat(args('Retried'), { cwd: project.root, env: { ...env, SMALLBOAT_COMPUTE: service.compute } }),
        smallboat([...args('Caught'), '--with', `${service.compute}:cpu=1,memory=512`], { cwd: project.root, env }),
      ];
      for (const { ended } of runs) expect(await ended).toMatchObject({ code: 0 });
      expect(ran(folder).filter(({ where }) => where === 'here')).toEqual([]);
      expect(
        ran(folder)
          .map(({ name }) => name)
          .sort(),
      ).toEqual(['load', 'patient0', 'patient1', 'report', 'risky']);
      const dumped = await smallboat(['dump', 'Caught', '--name', 'note', '--home', folder], { cwd: project.root, env })
        .ended;
      expect(dumped.out).toContain('caught: it went wrong');
    });

    it('says what is missing before anything is started', async () => {
      const { folder } = withRun();
      const env = { ...service.env };
      const { code, err } = await smallboat(
        ['run', 'flows.ts#Fated', '--folder', folder, '--home', folder, '--with', service.compute],
        {
          cwd: project.root,
          env,
        },
      ).ended;
      expect(code).toBe(1);
      expect(err).toMatch(/STORE_NOT_SHARED: .*METAFLOW_DATASTORE_SYSROOT_S3/);
      expect(await localRunStore({ folder }).runs('Fated')).toEqual([]);
    });
  });
});
