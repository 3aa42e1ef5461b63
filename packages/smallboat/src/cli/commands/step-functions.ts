import * as z from 'zod';
import { openRunStore, seconds } from '../../flow/index.ts';
import { settingsIn } from '../../flow/compute/index.ts';
import { runOf, tracedParameters } from '../../flow/orchestrated/index.ts';
import type { Io } from '../../kernel/index.ts';
import { stateMachineOf, stepFunctions } from '../../orchestrate/index.ts';
import { textTable } from '../../report/index.ts';
import { type Command, usage } from '../command.ts';
import { type NamedFlow, deployFlags, deploySchema, namedFlow, needed } from '../deploy-flow.ts';
import { tellingUsage } from '../flow-flags.ts';

const ACTIONS = ['create', 'trigger', 'list-runs', 'terminate', 'delete'] as const;

const schema = z.looseObject({
  action: z.enum(ACTIONS),
  ...deploySchema,
  execution: z.string().optional(),
  'only-json': z.boolean().default(false),
  running: z.boolean().default(false),
  succeeded: z.boolean().default(false),
  failed: z.boolean().default(false),
  aborted: z.boolean().default(false),
});
type Args = z.infer<typeof schema>;

/** `smallboat step-functions create flow.ts`, for the flow that the command line names, with its parameters as flags. */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<typeof schema>> {
  const named = await namedFlow(argv, io, 'step-functions');
  return {
    name: 'step-functions',
    summary: [
      'Run a flow on AWS Step Functions, its steps as jobs of AWS Batch.',
      '  step-functions create <flow>                 make or change the state machine',
      '  step-functions trigger <flow> [parameters]   start an execution',
      '  step-functions list-runs <flow>              list executions, the newest first',
      '  step-functions terminate <flow> <execution>  stop one',
      '  step-functions delete <flow>                 delete the state machine, its schedule and triggers',
    ].join('\n'),
    example: 'smallboat step-functions create flow.ts --only-json',
    positionals: ['action', 'flow', 'execution'],
    schema,
    flags: {
      ...named?.flags.flags,
      ...deployFlags,
      'only-json': { type: 'boolean', help: 'create: print the state machine, and make nothing' },
      running: { type: 'boolean', help: 'list-runs: those that run' },
      succeeded: { type: 'boolean', help: 'list-runs: those that ended well' },
      failed: { type: 'boolean', help: 'list-runs: those that failed' },
      aborted: { type: 'boolean', help: 'list-runs: those that were stopped' },
    },
    ...(named ? { rewrite: named.flags.rename } : {}),
    async run(args, io2) {
      const flow = needed(named, 'step-functions');
      switch (args.action) {
        case 'create':
          return create(flow, args, io2);
        case 'trigger':
          return trigger(flow, args, io2);
        case 'list-runs':
          return listRuns(flow, args, io2);
        case 'terminate':
        case 'delete':
          break;
      }
      return end(flow, args, io2);
    },
  };
}

const service = (io: Io) => {
  const setting = settingsIn({ env: io.env, cwd: io.cwd });
  const entries = {
    region: setting('AWS_REGION') ?? setting('AWS_DEFAULT_REGION'),
    role: setting('METAFLOW_SFN_IAM_ROLE'),
    eventsRole: setting('METAFLOW_EVENTS_SFN_ACCESS_IAM_ROLE'),
  };
  return stepFunctions(Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)));
};

async function create(flow: NamedFlow, args: Args, io: Io): Promise<void> {
  const { name } = await flow.isolation(args);
  await using aws = args['only-json'] ? undefined : await service(io);
  const deployed = await aws?.find(name);
  const deployment = await flow.deployment(args, { runsAs: 'SFN', deployed });
  const { queue = 'QUEUE' } = deployment.packed.settings.batch;
  if (queue === 'QUEUE' && aws)
    throw usage({ name: 'step-functions' }, 'METAFLOW_BATCH_JOB_QUEUE: name the queue of AWS Batch');
  const workers = args['max-workers'];
  const machine = stateMachineOf(deployment, {
    queue,
    platform: aws ? await aws.platformOf(queue) : 'EC2',
    ...(workers === undefined ? {} : { maxWorkers: workers }),
  });
  if (!aws) return io.out(JSON.stringify(machine.definition, undefined, 2));
  const arn = await aws.deploy(deployment, machine);
  const { token, schedule } = deployment;
  if (args.json) return io.out(JSON.stringify({ name, arn, token, ...(schedule ? { schedule } : {}) }));
  io.out(`${deployed ? 'Changed' : 'Made'} state machine ${name}: ${arn}`);
  if (schedule) io.out(`It is run at '${schedule.text}', ${schedule.timeZone}.`);
  io.out(`Its runs: smallboat runs --namespace production:${token}`);
}

async function trigger(flow: NamedFlow, args: Args, io: Io): Promise<void> {
  const { name } = await flow.isolation(args);
  const values = await tellingUsage({ name: 'step-functions' }, () => flow.flags.values(args, io));
  await using aws = await service(io);
  const execution = await aws.start(name, tracedParameters(values, io.env));
  io.out(args.json ? JSON.stringify(execution) : execution.name);
}

async function listRuns(flow: NamedFlow, args: Args, io: Io): Promise<void> {
  const { name } = await flow.isolation(args);
  const states = (['running', 'succeeded', 'failed', 'aborted'] as const).filter((state) => args[state]);
  await using aws = await service(io);
  await using store = await openRunStore((await flow.settings(args)).store);
  const found = [];
  for await (const one of aws.executions(
    name,
    states.map((state) => state.toUpperCase()),
  )) {
    found.push({ ...one, run: (await runOf(store, flow.flow.name, one.name)) ?? '' });
  }
  if (args.json) return io.out(JSON.stringify(found));
  if (found.length === 0) return io.out(`'${name}' has no such execution.`);
  const rows = found.map(({ name: own, state, run, startedAt, endedAt }) => [
    own,
    state.toLowerCase(),
    run === '' ? '' : `${flow.flow.name}/${run}`,
    new Date(startedAt).toISOString(),
    seconds((endedAt ?? Date.now()) - startedAt),
  ]);
  for (const line of textTable(['execution', 'state', 'run', 'started', 'took'], rows)) io.out(line);
}

async function end(flow: NamedFlow, args: Args, io: Io): Promise<void> {
  const { action, execution } = args;
  const { name } = await flow.isolation(args);
  await using aws = await service(io);
  await flow.authorize(args, await aws.find(name));
  if (action === 'delete') {
    await aws.remove(name);
    return io.out(args.json ? JSON.stringify({ name }) : `Deleted state machine ${name}`);
  }
  if (execution === undefined) throw usage({ name: 'step-functions' }, '<execution>: say which is to be stopped');
  await aws.terminate(name, execution);
  io.out(args.json ? JSON.stringify({ name, execution }) : `Stopped ${execution}`);
}
