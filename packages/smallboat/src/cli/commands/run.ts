import * as z from 'zod';
import { type Flow, loadFlow, runFlow, startWorkerProcess } from '../../flow/index.ts';
import type { Io } from '../../kernel/index.ts';
import type { Command, Flag } from '../command.ts';
import { firstPositional, flowFile, flowSettings, stopSignal } from '../flow-file.ts';
import { flowFlags, tellingUsage } from '../flow-flags.ts';

const shape = {
  flow: z.string('give the file of a flow'),
  params: z.string().optional(),
  home: z.string().optional(),
  'max-workers': z.coerce.number().int().min(1).optional(),
  tag: z.array(z.string().min(1)).default([]),
  json: z.boolean().default(false),
};

const flags: Readonly<Record<string, Flag>> = {
  params: { type: 'string', help: 'JSON file of parameters by name; flags go over it' },
  home: { type: 'string', help: 'folder for all that is written (default .smallboat)' },
  'max-workers': { type: 'string', help: 'tasks at once (default: the number of cores)' },
  tag: { type: 'string', short: 't', multiple: true, help: 'a tag to find the run by; may be repeated' },
  json: { type: 'boolean', help: 'print the run as JSON' },
};

/** `smallboat run flow.ts --epochs 5`: the command for the flow that the command line names, with its flags. */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<z.ZodObject>> {
  const given = firstPositional(argv, ['--json', '--help', '-h']);
  if (given === undefined) return commandOf(undefined, { module: '' });
  const { module, wanted } = flowFile(given, 'run', io);
  // The worker loads the flow while this process reads the command line.
  const started = argv.includes('--help') || argv.includes('-h') ? undefined : startWorkerProcess(module);
  return commandOf(await loadFlow(module, wanted), { module, ...(started ? { started } : {}) });
}

interface Loaded {
  readonly module: string;
  readonly started?: ReturnType<typeof startWorkerProcess>;
}

function commandOf(flow: Flow | undefined, { module, started }: Loaded): Command<z.ZodObject> {
  const own = flow ? flowFlags(flow, 'run') : undefined;
  return {
    name: 'run',
    summary: flow
      ? `Run the flow '${flow.name}'.`
      : 'Run a flow. With a file, --help lists the parameters of its flow.',
    example: 'smallboat run flow.ts --max-workers 4',
    positionals: ['flow'],
    flags: { ...own?.flags, ...flags },
    schema: z.object({ ...own?.shape, ...shape }),
    ...(own ? { rewrite: own.rename } : {}),
    async run(given, io) {
      if (!flow || !own) return;
      const args = z.looseObject(shape).parse(given);
      const { home, maxWorkers } = await flowSettings(args, io);
      const values = await own.values(args, io);
      using stop = stopSignal(io);
      await using run = await tellingUsage('run', () =>
        runFlow(flow, {
          module,
          params: { ...values, ...('home' in flow.params ? { home } : {}) },
          store: { folder: home },
          io,
          signal: stop.signal,
          tags: args.tag,
          ...(maxWorkers === undefined ? {} : { maxWorkers }),
          ...(started ? { started } : {}),
        }),
      );
      io.out(args.json ? JSON.stringify({ flow: run.flow, run: run.run, state: 'done' }) : `${run.flow}/${run.run}`);
    },
  };
}
