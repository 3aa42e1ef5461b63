import * as z from 'zod';
import { type Flow, type WorkerProcess, loadFlow, runFlow } from '../flow/index.ts';
import type { Command, Flag } from './command.ts';
import type { FlowFile } from './flow-file.ts';
import { flowSettings, sharedFlags, sharedShape, stopSignal } from './flow-settings.ts';
import { flowFlags, tellingUsage } from './flow-flags.ts';

const shape = {
  flow: z.string('give the file of a flow'),
  ...sharedShape,
};

const flags: Readonly<Record<string, Flag>> = {
  params: { type: 'string', help: 'JSON file of parameters by name; flags go over it' },
  home: { type: 'string', help: 'folder for all that is written (default .smallboat)' },
  ...sharedFlags,
};

/** The command for a flow that is loaded already, or for none, which can only say what is missing. */
export async function runCommandFor(place?: FlowFile, started?: WorkerProcess): Promise<Command<z.ZodObject>> {
  if (!place) return commandOf(undefined, { module: '' });
  const { module, wanted } = place;
  return commandOf(await loadFlow(module, wanted), { module, ...(started ? { started } : {}) });
}

interface Loaded {
  readonly module: string;
  readonly started?: WorkerProcess;
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
      await using run = await tellingUsage({ name: 'run' }, () =>
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
