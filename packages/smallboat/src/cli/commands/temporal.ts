import * as z from 'zod';
import { openRunStore, seconds } from '../../flow/index.ts';
import { runOf, tracedParameters } from '../../flow/orchestrated/index.ts';
import type { Io } from '../../kernel/index.ts';
import { temporal, temporalErrors, temporalWorker } from '../../orchestrate/index.ts';
import { textTable } from '../../report/index.ts';
import { type Command, usage } from '../command.ts';
import { type NamedFlow, deployFlags, deploySchema, namedFlow, needed } from '../deploy-flow.ts';
import { tellingUsage } from '../flow-flags.ts';
import { stopSignal } from '../flow-settings.ts';

const ACTIONS = ['create', 'worker', 'trigger', 'event', 'list-runs', 'resume', 'terminate', 'delete'] as const;

const schema = z.looseObject({
  action: z.enum(ACTIONS),
  ...deploySchema,
  execution: z.string().optional(),
  wait: z.boolean().default(false),
  'heartbeat-seconds': z.coerce.number().min(1).default(30),
});
type Args = z.infer<typeof schema>;

/** `smallboat temporal create flow.ts`, then `smallboat temporal worker flow.ts` */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<typeof schema>> {
  const named = argv[0] === 'event' ? undefined : await namedFlow(argv, io, 'temporal');
  return {
    name: 'temporal',
    summary: [
      'Run a flow on Temporal: a workflow whose activities are the tasks, and workers that do them.',
      '  temporal create <flow>                 make or change the deployment, with its schedule and triggers',
      '  temporal worker <flow>                 do its work, until it is stopped',
      '  temporal trigger <flow> [parameters]   start an execution',
      '  temporal event <name>                  start every deployment that waits for the event',
      '  temporal list-runs <flow>              list executions, the newest first',
      '  temporal resume <flow> <execution>     go on with one that did not end well',
      '  temporal terminate <flow> <execution>  stop one',
      '  temporal delete <flow>                 delete the deployment',
    ].join('\n'),
    example: 'smallboat temporal create flow.ts',
    positionals: ['action', 'flow', 'execution'],
    schema,
    flags: {
      ...named?.flags.flags,
      ...deployFlags,
      wait: { type: 'boolean', help: 'trigger, resume: wait until it ends; exit code 1 where it fails' },
      'heartbeat-seconds': {
        type: 'string',
        help: 'create: a worker silent for so long is taken for lost (default 30)',
      },
    },
    ...(named ? { rewrite: named.flags.rename } : {}),
    async run(args) {
      if (args.action === 'event') return event(args, io);
      const flow = needed(named, 'temporal');
      switch (args.action) {
        case 'create':
          return create(flow, args, io);
        case 'worker':
          return work(flow, args, io);
        case 'list-runs':
          return listRuns(flow, args, io);
        case 'trigger':
        case 'resume':
          return start(flow, args, io);
        case 'terminate':
        case 'delete':
          break;
      }
      return end(flow, args, io);
    },
  };
}

async function create({ applied, lint, isolation, token, owner }: NamedFlow, args: Args, io: Io): Promise<void> {
  lint();
  const of = await isolation(args);
  await using server = await temporal(io.env);
  const before = await server.find(of.name);
  const own = await token(args, before);
  const flow = await applied(args);
  const { tag: tags, 'heartbeat-seconds': heartbeatSeconds } = args;
  await server.deploy({ flow, isolation: of, token: own, owner: await owner(args), tags, heartbeatSeconds });
  const { schedule } = flow.options;
  if (args.json) return io.out(JSON.stringify({ name: of.name, token: own, ...(schedule ? { schedule } : {}) }));
  io.out(`${before ? 'Changed' : 'Made'} deployment ${of.name}`);
  if (schedule) io.out(`It is run at '${schedule.cron}', ${schedule.timeZone ?? 'UTC'}.`);
  io.out(`Its runs: smallboat runs --namespace production:${own}`);
}

async function work({ applied, module, isolation, settings }: NamedFlow, args: Args, io: Io): Promise<void> {
  using stop = stopSignal(io);
  const { 'max-workers': own } = args;
  const { store, maxWorkers = own } = await settings(args);
  const { name } = await isolation(args);
  await temporalWorker({
    flow: await applied(args),
    module,
    name,
    store,
    env: io.env,
    cwd: io.cwd,
    signal: stop.signal,
    say: (line) => io.err(line),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
  });
}

async function start({ isolation, flags }: NamedFlow, args: Args, io: Io): Promise<void> {
  const { name } = await isolation(args);
  await using server = await temporal(io.env);
  let { execution } = args;
  if (args.action === 'trigger') {
    const values = await tellingUsage({ name: 'temporal' }, () => flags.values(args, io));
    execution = await server.start(name, tracedParameters(values, io.env));
  } else {
    execution = named(args);
    await server.goOn(name, execution);
  }
  if (!args.wait) return io.out(args.json ? JSON.stringify({ name: execution }) : execution);
  const { state, message } = await server.ended(execution);
  const said = { name: execution, state, ...(message === undefined ? {} : { message }) };
  io.out(args.json ? JSON.stringify(said) : `${execution} ${state.toLowerCase()}`);
  if (state !== 'COMPLETED')
    throw temporalErrors.TEMPORAL_EXECUTION_FAILED({ execution, state: state.toLowerCase(), message: message ?? '' });
}

async function event({ flow: name, json }: Args, io: Io): Promise<void> {
  if (name === undefined) throw usage({ name: 'temporal' }, '<name>: say which event has come');
  await using server = await temporal(io.env);
  const started = await server.tell(name);
  if (json) return io.out(JSON.stringify({ started }));
  io.out(started.length === 0 ? `No deployment waits for '${name}'.` : started.join('\n'));
}

async function listRuns({ flow, isolation, settings }: NamedFlow, args: Args, io: Io): Promise<void> {
  const { name } = await isolation(args);
  await using server = await temporal(io.env);
  await using store = await openRunStore((await settings(args)).store);
  const found = [];
  for await (const one of server.executions(name)) {
    found.push({ ...one, run: (await runOf(store, flow.name, one.name)) ?? '' });
  }
  if (args.json) return io.out(JSON.stringify(found));
  if (found.length === 0) return io.out(`'${name}' has no execution.`);
  const rows = found.map(({ name: own, state, run, startedAt, endedAt }) => [
    own,
    state.toLowerCase(),
    run === '' ? '' : `${flow.name}/${run}`,
    new Date(startedAt).toISOString(),
    seconds((endedAt ?? Date.now()) - startedAt),
  ]);
  for (const line of textTable(['execution', 'state', 'run', 'started', 'took'], rows)) io.out(line);
}

async function end({ isolation, authorize }: NamedFlow, args: Args, io: Io): Promise<void> {
  const { name } = await isolation(args);
  await using server = await temporal(io.env);
  await authorize(args, await server.find(name));
  if (args.action === 'delete') {
    await server.remove(name);
    return io.out(args.json ? JSON.stringify({ name }) : `Deleted deployment ${name}`);
  }
  const execution = named(args);
  await server.cancel(name, execution);
  io.out(args.json ? JSON.stringify({ name, execution }) : `Stopped ${execution}`);
}

function named({ execution }: Args): string {
  if (execution === undefined) throw usage({ name: 'temporal' }, '<execution>: say which');
  return execution;
}
