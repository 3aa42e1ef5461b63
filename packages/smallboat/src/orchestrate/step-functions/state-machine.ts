import { defineErrors } from '../../kernel/index.ts';
import { DEFAULT_NEEDS, type JobShape, jobDefinition, jobTags } from '../../flow/compute/index.ts';
import { type PlannedWork, VARIABLES, decidersOf, decisionPath } from '../../flow/orchestrated/index.ts';
import { type Deployment, deploymentErrors, retriesOf, workOf } from '../deployment.ts';
import { type Part } from '../program.ts';
import { type Plan, seriesParallel } from '../series-parallel.ts';
import { type State, type States, retrying, statesOf } from './states.ts';

export const stateMachineErrors = defineErrors({
  BUCKET_MISSING: (f: { flow: string }) =>
    `Step Functions reads from S3 how long the lists of flow '${f.flow}' are, and its runs are not kept there. Keep them in S3: METAFLOW_DEFAULT_DATASTORE=s3, METAFLOW_DATASTORE_SYSROOT_S3=s3://…`,
  STATE_MACHINE_TOO_LARGE: (f: { flow: string; bytes: number }) =>
    `The state machine of flow '${f.flow}' has ${f.bytes} bytes, and Step Functions takes 1048576. Make the flow of fewer steps.`,
});

export interface StateMachineOptions {
  readonly queue: string;
  readonly platform: JobShape['platform'];
  /** Elements of a list that are run at once. Default: as many as there are, 40 with Step Functions' own limit. */
  readonly maxWorkers?: number;
}

export interface StateMachine {
  readonly definition: States & { readonly Comment: string };
  /** Job definitions of AWS Batch that it names. */
  readonly jobDefinitions: readonly ReturnType<typeof jobDefinition>[];
}

/** What is written into a state machine for whoever finds it. */
export interface Said {
  readonly madeBy: 'smallboat';
  readonly flow: string;
  readonly owner: string;
  readonly token: string;
  readonly code: string;
}

/**
 * A flow in Amazon's States Language: each step is a job of AWS Batch, each list a Map, each choice a Choice, what is side by side a Parallel.
 * Jobs give no output, so what they decide is read from S3. States pass on nothing but the place in the lists around them.
 * Throws `BUCKET_MISSING`, `ENGINE_CANNOT`, `STATE_MACHINE_TOO_LARGE`.
 */
export function stateMachineOf(deployment: Deployment, options: StateMachineOptions): StateMachine {
  const { flow, program, owner, token, packed } = deployment;
  const definitions = new Map<string, ReturnType<typeof jobDefinition>>();
  const job = (name: string, work: PlannedWork, part?: Extract<Part, { kind: 'step' | 'decide' }>): State => {
    const { made, state } = batchState(name, work, { deployment, options, ...(part ? { part } : {}) });
    definitions.set(made.jobDefinitionName, made);
    return state;
  };
  const reader = readerOf(deployment);
  const body = chain(seriesParallel(program), { deployment, options, job, reader });
  const states = statesOf([
    [
      'parameters?',
      {
        Type: 'Choice',
        Choices: [{ Variable: '$.Parameters', IsPresent: true, Next: 'parameters: given' }],
        Default: 'parameters: none',
      },
    ],
    ['parameters: given', { Type: 'Pass', Parameters: { index: '', 'parameters.$': '$.Parameters' }, Next: 'start' }],
    ['parameters: none', { Type: 'Pass', Parameters: { index: '', parameters: '{}' }, Next: 'start' }],
    ['start', job('start', { kind: 'begin' })],
    ...body,
    ['end', job('end', { kind: 'end' })],
  ]);
  const said: Said = { madeBy: 'smallboat', flow: flow.name, owner, token, code: packed.code };
  const definition = { Comment: JSON.stringify(said), ...states };
  const bytes = Buffer.byteLength(JSON.stringify(definition));
  if (bytes > 1_048_576) throw stateMachineErrors.STATE_MACHINE_TOO_LARGE({ flow: flow.name, bytes });
  return { definition, jobDefinitions: [...definitions.values()] };
}

interface Host {
  readonly deployment: Deployment;
  readonly options: StateMachineOptions;
  readonly job: (name: string, work: PlannedWork, part?: Extract<Part, { kind: 'step' | 'decide' }>) => State;
  readonly reader: (region: string) => State;
}

type Chain = readonly (readonly [name: string, state: State])[];

/** States one after the other; those that a Choice leads to lead on to the one behind its `none`. */
function chain(plan: Plan, host: Host): Chain {
  switch (plan.kind) {
    case 'series':
      return plan.of.flatMap((one) => chain(one, host));
    case 'parallel': {
      const branches = plan.of.map((one) => statesOf(chain(one, host)));
      const name = `side by side: ${branches.map(({ StartAt }) => StartAt).join(', ')}`;
      return [[name, { Type: 'Parallel', Branches: branches, ResultPath: null }]];
    }
    case 'part':
      break;
  }
  return partChain(plan.part, host);
}

function partChain(part: Part, host: Host): Chain {
  const { job, reader, options } = host;
  const { key } = part;
  switch (part.kind) {
    case 'step':
      return [[key, job(key, workOf(part), part)]];
    case 'decide':
      return [[`${part.region.id}: decide`, job(key, workOf(part), part)]];
    case 'each': {
      const inside = statesOf(chain(seriesParallel(part.body), host));
      const map: State = {
        Type: 'Map',
        ItemsPath: '$.decided.value',
        ItemSelector: { 'index.$': `States.Format('{},{}', $.index, $$.Map.Item.Value)` },
        ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...inside },
        ...(options.maxWorkers === undefined ? {} : { MaxConcurrency: options.maxWorkers }),
        ResultPath: null,
      };
      return [
        [`${key}: read`, reader(key)],
        [key, map],
      ];
    }
    case 'choice':
      return choiceChain(part, host);
    case 'repeat':
      break;
  }
  return [[key, repeatState(part, host)]];
}

function choiceChain({ key, cases }: Extract<Part, { kind: 'choice' }>, host: Host): Chain {
  const after = `${key}: end`;
  // One state a case, so that all of them lead on in the same way.
  const branches = cases.map(({ name, body }) => {
    const inside = statesOf(chain(seriesParallel(body), host));
    return [`${key}: ${name}`, { Type: 'Parallel', Branches: [inside], ResultPath: null, Next: after }] as const;
  });
  return [
    [`${key}: read`, host.reader(key)],
    [
      key,
      {
        Type: 'Choice',
        Choices: cases.map(({ name }) => ({
          Variable: '$.decided.value',
          StringEquals: name,
          Next: `${key}: ${name}`,
        })),
        Default: after,
      },
    ],
    ...branches,
    [after, { Type: 'Pass' }],
  ];
}

/** A loop, in a Parallel of one branch, so that what it counts is its own. */
function repeatState({ key, body }: Extract<Part, { kind: 'repeat' }>, host: Host): State {
  const loop = statesOf([
    [`${key}: first`, { Type: 'Pass', Parameters: { 'around.$': '$.index', iteration: 0 } }],
    [
      `${key}: iteration`,
      {
        Type: 'Pass',
        Parameters: {
          'around.$': '$.around',
          'iteration.$': '$.iteration',
          'index.$': `States.Format('{},{}', $.around, $.iteration)`,
        },
      },
    ],
    ...chain(seriesParallel(body), host),
    [`${key}: read`, host.reader(key)],
    [
      `${key}: again`,
      {
        Type: 'Choice',
        Choices: [{ Variable: '$.decided.value', BooleanEquals: true, Next: `${key}: next` }],
        Default: `${key}: end`,
      },
    ],
    [
      `${key}: next`,
      {
        Type: 'Pass',
        Parameters: { 'around.$': '$.around', 'iteration.$': 'States.MathAdd($.iteration, 1)' },
        Next: `${key}: iteration`,
      },
    ],
    [`${key}: end`, { Type: 'Pass' }],
  ]);
  return { Type: 'Parallel', Branches: [loop], ResultPath: null };
}

/** Reads what was decided on a region from S3, into `$.decided.value`. */
function readerOf({ flow, packed }: Deployment): (region: string) => State {
  const [, bucket = '', prefix = ''] =
    /^s3[an]?:\/\/([^/]+)\/?(.*?)\/?$/.exec(packed.store.datastore?.root ?? '') ?? [];
  const deciders = decidersOf(flow.dag());
  return (region) => {
    if (bucket === '') throw stateMachineErrors.BUCKET_MISSING({ flow: flow.name });
    if (!deciders.has(region)) throw new Error(`The flow has no region '${region}'.`);
    // Braces and quotes mean something to States.Format, and a region's name has none.
    const path = decisionPath({ flow: flow.name, execution: '{}', region, index: '{}' });
    const key = prefix === '' ? path : `${prefix}/${path}`;
    return {
      Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:s3:getObject',
      Parameters: { Bucket: bucket, 'Key.$': `States.Format('${key}', $$.Execution.Name, $.index)` },
      ResultSelector: { 'value.$': 'States.StringToJson($.Body)' },
      ResultPath: '$.decided',
      Retry: [retrying(3, 1)],
    };
  };
}

interface BatchHost {
  readonly deployment: Deployment;
  readonly options: StateMachineOptions;
  readonly part?: Extract<Part, { kind: 'step' | 'decide' }>;
}

/** Seconds that a container may take before its body begins and after it has ended: pulling an image is not among them. */
const AROUND = 145;

function batchState(
  name: string,
  work: PlannedWork,
  { deployment, options, part }: BatchHost,
): { readonly state: State; readonly made: ReturnType<typeof jobDefinition> } {
  const { flow, packed, owner } = deployment;
  const said = part?.kind === 'step' ? part.node.options : {};
  if (said.compute === 'kubernetes') {
    throw deploymentErrors.ENGINE_CANNOT({
      engine: 'Step Functions',
      flow: flow.name,
      what: `step '${name}' runs on Kubernetes, and its steps are jobs of AWS Batch`,
      instead: "Take the step's compute away, or use Argo Workflows.",
    });
  }
  const { batch: settings, runtimeLimitSeconds } = packed.settings;
  const { timeoutSeconds, batch = {}, image = settings.image } = said;
  const jobRole = batch.jobRole ?? settings.jobRole;
  const executionRole = batch.executionRole ?? settings.executionRole;
  const made = jobDefinition({
    platform: options.platform,
    image,
    command: packed.command,
    needs: said.resources ?? DEFAULT_NEEDS,
    ...(jobRole === undefined ? {} : { jobRole }),
    ...(executionRole === undefined ? {} : { executionRole }),
  });
  const labels = { user: owner, flow: flow.name, run: '', step: name, task: '', attempt: 0 };
  const tags = jobTags(labels, { ...settings, own: batch.tags });
  const limit = timeoutSeconds === undefined ? runtimeLimitSeconds : timeoutSeconds + AROUND;
  const { times, seconds } = part ? retriesOf(part) : { times: 2, seconds: 1 };
  const environment = [
    ...Object.entries({ ...packed.environment, SMALLBOAT_TASK: packed.order(work) }).map(([Name, Value]) => ({
      Name,
      Value,
    })),
    { Name: VARIABLES.execution, 'Value.$': '$$.Execution.Name' },
    { Name: VARIABLES.index, 'Value.$': '$.index' },
    ...(work.kind === 'begin' ? [{ Name: VARIABLES.parameters, 'Value.$': '$.parameters' }] : []),
  ];
  return {
    made,
    state: {
      Type: 'Task',
      Resource: 'arn:aws:states:::batch:submitJob.sync',
      Parameters: {
        JobName: `${flow.name}-${name}`.replace(/[^\w-]/g, '_').slice(0, 128),
        JobQueue: batch.queue ?? options.queue,
        JobDefinition: made.jobDefinitionName,
        Parameters: { 'metaflow.flow_name': flow.name, 'metaflow.step_name': name, 'metaflow.owner': owner },
        ContainerOverrides: { Environment: environment },
        // The shortest that AWS Batch takes is a minute.
        Timeout: { AttemptDurationSeconds: Math.max(60, Math.ceil(limit)) },
        PropagateTags: true,
        ...(Object.keys(tags).length > 0 ? { Tags: tags } : {}),
      },
      ResultPath: null,
      ...(times > 0 ? { Retry: [retrying(times, seconds)] } : {}),
    },
  };
}
