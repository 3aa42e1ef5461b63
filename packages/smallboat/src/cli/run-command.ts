import { type Flow, applyWith, describeFinding, lintFlows, loadFlow, runFlow } from '../flow/index.ts';
import type { WorkerProcess } from '../flow/worker/index.ts';
import type { Io } from '../kernel/index.ts';
import { type Command, type Flag, usage } from './command.ts';
import { flowFile } from './flow-file.ts';
import type { FlowSettings } from './flow-settings.ts';
import { flowArgs, flowSettings, setConfigs, setProfile, sharedFlags } from './flow-settings.ts';
import { flowShell } from './flow-shell.ts';
import { flowFlags, tellingUsage } from './flow-flags.ts';

const flags: Readonly<Record<string, Flag>> = {
  params: { type: 'string', help: 'JSON file of parameters by name; flags go over it' },
  home: { type: 'string', help: 'folder for all that is written (default .smallboat)' },
  ...sharedFlags,
};

export interface RunCommandOptions {
  /** The whole command line: some of it counts before the flow is loaded. */
  readonly argv: readonly string[];
  readonly io: Io;
  /** A worker that was started for the file already. */
  readonly started?: WorkerProcess;
}

/** The command for the flow in a file, with its flags; without a file for none, which can only say what is missing. */
export async function runCommandFor(
  given: string | undefined,
  { argv, io, started }: RunCommandOptions,
): Promise<Command<typeof flowArgs>> {
  await setConfigs(argv, io);
  if (given === undefined) return commandOf(undefined, { module: '' });
  const { module, wanted, folder } = flowFile(given, 'run', io);
  const found = { module, ...(folder === undefined ? {} : { folder }) };
  return commandOf(await loadFlow(module, wanted), { ...found, ...(started ? { started } : {}) });
}

interface Loaded {
  readonly module: string;
  /** Whose settings count; the working folder's, where it is left out. */
  readonly folder?: string;
  readonly started?: WorkerProcess;
}

async function commandOf(
  flow: Flow | undefined,
  { module, folder, started }: Loaded,
): Promise<Command<typeof flowArgs>> {
  const own = flow ? await flowFlags(flow, 'run') : undefined;
  return {
    name: 'run',
    summary: flow
      ? `Run the flow '${flow.name}'.`
      : 'Run a flow. With a file, --help lists the parameters of its flow.',
    example: 'smallboat run flow.ts --max-workers 4',
    positionals: ['flow'],
    flags: { ...own?.flags, ...flags },
    schema: flowArgs,
    ...(own ? { rewrite: own.rename } : {}),
    async run(args, io) {
      if (!flow || !own) throw usage({ name: 'run' }, '<flow>: give the file of a flow');
      for (const finding of lintFlows([flow])) io.err(describeFinding(finding, io.cwd));
      setProfile(args.profile);
      const settings = await flowSettings({ ...args, ...(folder === undefined ? {} : { folder }) }, io);
      const values = { ...settingsOf(flow, settings), ...(await own.values(args.given, io)) };
      await using shell = await flowShell(args, settings, io);
      await using run = await tellingUsage({ name: 'run' }, async () =>
        runFlow(applyWith(flow, settings.with), {
          ...shell.options,
          module,
          params: values,
          ...(started ? { started } : {}),
        }),
      );
      io.out(args.json ? JSON.stringify({ flow: run.flow, run: run.run, state: 'done' }) : `${run.flow}/${run.run}`);
    },
  };
}

/** The parameters of a flow that are named as settings are: they have the settings' values where nothing else is said. */
function settingsOf({ params }: Flow, { home, warehouse, memoryLimitMiB }: FlowSettings): Record<string, unknown> {
  const settings = Object.entries({ home, warehouse, memoryLimitMiB });
  return Object.fromEntries(settings.filter(([name, value]) => value !== undefined && name in params));
}
