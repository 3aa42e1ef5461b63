import {
  type Flow,
  type RunInfo,
  type RunStore,
  type StoreSpec,
  applyWith,
  begun,
  isInNamespace,
  loadFlow,
  openRunStore,
  readRun,
  resumeFlow,
} from '../../flow/index.ts';
import { type Io, defineErrors } from '../../kernel/index.ts';
import { type Command, type Flag, cliErrors } from '../command.ts';
import { flowFile } from '../flow-file.ts';
import { SWITCHES, flowArgs, flowSettings, setConfigs, setProfile, sharedFlags } from '../flow-settings.ts';
import { flowShell } from '../flow-shell.ts';
import { flowFlags, tellingUsage } from '../flow-flags.ts';
import { firstPositional } from '../positional.ts';

export const resumeCommandErrors = defineErrors({
  NOTHING_TO_RESUME: (f: { location: string; what: string }) =>
    `There is nothing to resume in ${f.location}: ${f.what}. See 'smallboat runs'.`,
});

const flags: Readonly<Record<string, Flag>> = {
  run: { type: 'string', help: 'the run to continue (default: the latest, where it did not end well)' },
  from: { type: 'string', help: 'run this step and all after it again' },
  params: { type: 'string', help: 'JSON file of parameters; they must be those of the run' },
  home: { type: 'string', help: 'folder that the run is in (default .smallboat)' },
  ...sharedFlags,
};

/** `smallboat resume`: continues the latest run that did not end well, with the flow file that it was made from. */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<typeof flowArgs>> {
  if (argv.includes('--help') || argv.includes('-h')) return commandOf();
  await setConfigs(argv, io);
  const given = firstPositional(argv, SWITCHES);
  const wanted = valueOf(argv, '--home');
  const profile = valueOf(argv, '--profile');
  if (given !== undefined) {
    const { module, wanted: name, folder } = flowFile(given, 'resume', io);
    return commandOf({ flow: await loadFlow(module, name), module, ...(folder === undefined ? {} : { folder }) });
  }
  const asked = { ...(wanted === undefined ? {} : { home: wanted }), ...(profile === undefined ? {} : { profile }) };
  const { store } = await flowSettings(asked, io);
  const found = await findRun(store, { run: valueOf(argv, '--run'), hasFrom: valueOf(argv, '--from') !== undefined });
  return commandOf({ flow: await loadFlow(found.module, found.flow), module: found.module, run: found.run });
}

interface Loaded {
  readonly flow: Flow;
  readonly module: string;
  readonly run?: string;
  /** Whose settings count; the working folder's, where it is left out. */
  readonly folder?: string;
}

async function commandOf(loaded?: Loaded): Promise<Command<typeof flowArgs>> {
  const own = loaded ? await flowFlags(loaded.flow, 'resume') : undefined;
  return {
    name: 'resume',
    summary: 'Continue a run that did not end well: what is done is taken over, the rest is run.',
    example: 'smallboat resume --from train',
    positionals: ['flow'],
    flags: { ...own?.flags, ...flags },
    schema: flowArgs,
    ...(own ? { rewrite: own.rename } : {}),
    async run(args, io) {
      if (!loaded || !own) return;
      const { flow, module, folder } = loaded;
      setProfile(args.profile);
      const settings = await flowSettings({ ...args, ...(folder === undefined ? {} : { folder }) }, io);
      const values = await own.values(args.given, io);
      const origin = args.run?.split('/').at(-1) ?? loaded.run;
      await using shell = await flowShell(args, settings, io);
      await using run = await tellingUsage({ name: 'resume' }, async () =>
        resumeFlow(applyWith(flow, settings.with), {
          ...shell.options,
          module,
          params: values,
          ...(origin === undefined ? {} : { run: origin }),
          ...(args.from === undefined ? {} : { from: args.from }),
        }),
      );
      const { run: id } = run;
      io.out(args.json ? JSON.stringify({ flow: run.flow, run: id, origin, state: 'done' }) : `${run.flow}/${id}`);
    },
  };
}

/** The run to continue, and the file of its flow. */
async function findRun(
  spec: StoreSpec,
  { run, hasFrom }: { readonly run: string | undefined; readonly hasFrom: boolean },
): Promise<Required<Pick<Loaded, 'module' | 'run'>> & { readonly flow: string }> {
  await using store = await openRunStore(spec);
  const wanted = run?.split('/').at(-1);
  const flows = await store.flows();
  // What failed before the latest run of its flow is history: that run did its work again.
  const found = flows.map((flow) => (wanted === undefined ? latestOf(store, flow) : store.run(flow, wanted)));
  const candidates = (await Promise.all(found))
    .filter((info) => info !== undefined)
    .sort((a, b) => b.createdAt - a.createdAt || Number(b.run) - Number(a.run));
  const fail = (what: string): never => {
    throw resumeCommandErrors.NOTHING_TO_RESUME({ location: store.location, what });
  };
  for (const { flow, run: id } of candidates) {
    const info = { flow, run: await begun(store, { flow, run: id }) };
    const { state, record } = await readRun(store, info);
    if (wanted === undefined && !hasFrom && state === 'done') continue;
    if (!record) {
      if (wanted === undefined) continue;
      return fail(`run ${wanted} does not say which file its flow is in; name it: smallboat resume flow.ts`);
    }
    return { flow: info.flow, run: info.run, module: record.module };
  }
  return fail(wanted === undefined ? 'the latest run of every flow ended well' : `there is no run ${wanted}`);
}

/** The user's own latest run of a flow. */
async function latestOf(store: RunStore, flow: string): Promise<RunInfo | undefined> {
  for await (const info of store.eachRun(flow)) if (isInNamespace(info, `user:${store.user}`)) return info;
  return undefined;
}

/** The value of a flag, before the flow is known that says which flags there are. */
function valueOf(argv: readonly string[], flag: string): string | undefined {
  const joined = argv.find((arg) => arg.startsWith(`${flag}=`));
  if (joined !== undefined) return joined.slice(flag.length + 1);
  const at = argv.indexOf(flag);
  if (at < 0) return undefined;
  const value = argv[at + 1];
  if (value === undefined) throw cliErrors.USAGE({ command: 'resume', problem: `${flag} needs a value` });
  return value;
}
