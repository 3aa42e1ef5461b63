import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRunStore, readRun } from '../../packages/smallboat/src/flow/index.ts';
import { runOf, tracedParameters } from '../../packages/smallboat/src/flow/orchestrated/index.ts';
import type { Deployment } from '../../packages/smallboat/src/orchestrate/index.ts';
import { engineCases } from '../../packages/smallboat/src/orchestrate/testing/cases.ts';
import { struck } from '../../packages/smallboat/src/orchestrate/testing/flows.ts';
import { expectSameArtifacts } from '../../packages/smallboat/src/orchestrate/testing/same-artifacts.ts';
import { startCollector } from '../collector.ts';
import { startFakeAws } from '../moto.ts';
import { runStateMachine } from './run-state-machine.ts';
import { aFolder, aProject, deployed, machine, ran, sharedPlace, smallboat } from './project.ts';

const project = aProject();
let place: Awaited<ReturnType<typeof sharedPlace>>;
beforeAll(async () => {
  place = await sharedPlace();
  return () => place[Symbol.asyncDispose]();
});

const execute = (
  deployment: Deployment,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> =>
  runStateMachine(deployment, {
    name,
    parameters,
    env: { ...machine, ...env },
    object: (path) => Promise.resolve(place.s3?.objects.get(path)?.bytes.toString('utf8')),
  });

describe('a state machine whose tasks are containers', () => {
  it.each(engineCases.filter(({ isTelling }) => isTelling))(
    'makes what a run here makes: $name',
    async ({ name, flow, params }) => {
      const folder = aFolder();
      const execution = name.replaceAll(' ', '-').replaceAll(',', '');
      const deployment = await deployed(project, { flow: flow.name, place });
      await execute(deployment, execution, { ...params, folder });
      await using store = await openRunStore(place.spec);
      const run = (await runOf(store, flow.name, execution)) ?? '';
      await expectSameArtifacts({ store, run }, { flow, params: { ...params, folder: aFolder() } });
      const info = await store.run(flow.name, run);
      expect(info?.systemTags).toContain(`production:${deployment.token}`);
      expect(info?.tags).toContain('engines');
      expect(info?.user).toBe('SFN');
    },
  );

  it('tries again where a task is killed', async () => {
    const folder = aFolder();
    const deployment = await deployed(project, { flow: 'Struck', place });
    await execute(deployment, 'struck', { folder });
    expect(ran(folder)).toEqual(['strike 0', 'strike 1']);
    await using store = await openRunStore(place.spec);
    const run = (await runOf(store, 'Struck', 'struck')) ?? '';
    await expectSameArtifacts({ store, run }, { flow: struck, params: { folder: aFolder() } });
  });

  it('sends spans of its tasks, below whoever started it, and tells bodies of the trace', async () => {
    await using collector = await startCollector();
    const [trace, parent] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    const deployment = await deployed(project, { flow: 'Traced', place });
    const given = tracedParameters({ folder: aFolder() }, { TRACEPARENT: `00-${trace}-${parent}-01` });
    await execute(deployment, 'traced', given, collector.env);
    expect(collector.traces()).toEqual(new Set([trace]));
    const [run] = collector.spans(trace).filter(({ name }) => name === 'run Traced');
    expect(run).toMatchObject({ parentSpanId: parent });
    expect(collector.spans(trace).find(({ name }) => name === 'look')).toMatchObject({ parentSpanId: run?.spanId });
    await using store = await openRunStore(place.spec);
    const { steps } = await readRun(store, { flow: 'Traced', run: (await runOf(store, 'Traced', 'traced')) ?? '' });
    const key = steps.find(({ name }) => name === 'look')?.tasks[0]?.artifacts['seen'];
    expect(key && (await store.load('Traced', key))).toBe(`00-${trace}-${run?.spanId ?? ''}-01`);
  });

  it('goes on where it failed when it is run again, and can be resumed here', async () => {
    const folder = aFolder();
    const deployment = await deployed(project, { flow: 'Grids', place });
    writeFileSync(join(folder, 'break'), '');
    await expect(execute(deployment, 'broken', { folder })).rejects.toThrow('three is broken');
    const before = ran(folder);
    rmSync(join(folder, 'break'));
    await using store = await openRunStore(place.spec);
    const run = (await runOf(store, 'Grids', 'broken')) ?? '';
    const resumed = await smallboat(['resume', `${project.flows}#Grids`, '--run', run, '--json'], {
      cwd: project.root,
      env: place.env,
    });
    expect(resumed.err).not.toContain('grid |');
    expect(resumed.code).toBe(0);
    const again = ran(folder).slice(before.length);
    expect(again).toContain('fit 3 1');
    expect(again).not.toContain('grid');
    expect(again.filter((name) => name !== 'fit 3 1' && before.includes(name))).toEqual([]);
  });
});

describe('smallboat step-functions, with moto in the place of AWS', () => {
  it('creates, triggers, lists, stops and deletes', async () => {
    await using aws = await startFakeAws();
    await setUpBatch(aws.endpoint);
    const role = 'arn:aws:iam::123456789012:role/sfn';
    const env = {
      ...place.env,
      AWS_ENDPOINT_URL_SFN: aws.endpoint,
      AWS_ENDPOINT_URL_BATCH: aws.endpoint,
      AWS_ENDPOINT_URL_SCHEDULER: aws.endpoint,
      AWS_ENDPOINT_URL_EVENTBRIDGE: aws.endpoint,
      METAFLOW_BATCH_JOB_QUEUE: 'jobs',
      METAFLOW_SFN_IAM_ROLE: role,
      METAFLOW_EVENTS_SFN_ACCESS_IAM_ROLE: role,
    };
    const call = (...args: string[]) => smallboat(['step-functions', ...args, '--json'], { cwd: project.root, env });
    const flow = `${project.flows}#Nightly`;
    const created = await call('create', flow);
    expect(created.code, created.err).toBe(0);
    const { arn, token, schedule } = JSON.parse(created.out) as { arn: string; token: string; schedule: object };
    expect(arn).toContain(':stateMachine:shop.user.ada.Nightly');
    expect(token).toMatch(/^production-token-0-[a-z]{4}$/);
    expect(schedule).toMatchObject({ text: '30 6 * * 1-5', timeZone: 'Europe/Rome' });
    await expectStarters(aws.endpoint);
    // A second time it is changed, and not made.
    expect(JSON.parse((await call('create', flow)).out)).toMatchObject({ arn, token });
    // Somebody else's machine does not have the token.
    const other = await smallboat(['step-functions', 'create', flow, '--home', aFolder()], { cwd: project.root, env });
    expect(other.err).toContain('PRODUCTION_TOKEN_NEEDED');
    const started = await call('trigger', flow, '--folder', '/tmp', '--base', '4');
    const { name } = JSON.parse(started.out) as { name: string };
    const listed = JSON.parse((await call('list-runs', flow)).out) as { name: string; state: string }[];
    expect(listed).toEqual([expect.objectContaining({ name, state: 'RUNNING' })]);
    expect((await call('terminate', flow, name)).code).toBe(0);
    expect((JSON.parse((await call('list-runs', flow, '--aborted')).out) as object[]).length).toBe(1);
    expect((await call('terminate', flow, 'nothing')).err).toContain('EXECUTION_UNKNOWN');
    expect((await call('delete', flow)).code).toBe(0);
    expect((await call('list-runs', flow)).err).toContain('NOT_DEPLOYED');
  });
});

/** What starts it by itself is there, as the flow says. */
async function expectStarters(endpoint: string): Promise<void> {
  const { GetScheduleCommand, SchedulerClient } = await import('@aws-sdk/client-scheduler');
  const { EventBridgeClient, ListRulesCommand } = await import('@aws-sdk/client-eventbridge');
  const options = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const schedule = await new SchedulerClient(options).send(new GetScheduleCommand({ Name: 'shop.user.ada.Nightly' }));
  expect(schedule).toMatchObject({
    ScheduleExpression: 'cron(30 6 ? * 2-6 *)',
    ScheduleExpressionTimezone: 'Europe/Rome',
  });
  const { Rules = [] } = await new EventBridgeClient(options).send(new ListRulesCommand({}));
  const patterns = Rules.map(({ EventPattern = '' }) => JSON.parse(EventPattern) as unknown);
  expect(patterns).toContainEqual({ 'detail-type': ['orders.loaded'] });
  expect(JSON.stringify(patterns)).toContain(':stateMachine:shop.user.ada.Linear');
}

async function setUpBatch(url: string): Promise<void> {
  // The servers find the service by the scope of the signature, which they do not check.
  const scope = 'Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0';
  const role = { Action: 'CreateRole', RoleName: 'batch', AssumeRolePolicyDocument: '{}', Version: '2010-05-08' };
  await fetch(url, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${scope}` },
    body: new URLSearchParams(role),
  });
  const { BatchClient, CreateComputeEnvironmentCommand, CreateJobQueueCommand } = await import('@aws-sdk/client-batch');
  const client = new BatchClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const made = await client.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: 'machines',
      type: 'UNMANAGED',
      serviceRole: 'arn:aws:iam::123456789012:role/batch',
    }),
  );
  const order = { order: 1, computeEnvironment: made.computeEnvironmentArn };
  await client.send(
    new CreateJobQueueCommand({
      jobQueueName: 'jobs',
      state: 'ENABLED',
      priority: 1,
      computeEnvironmentOrder: [order],
    }),
  );
}
