import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadSettings } from '../config/index.ts';
import type { RunEvent, StoreSpec } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';
import type { ArgsSchema, Flag } from './command.ts';
import { storeOf } from './store-of.ts';

/** What `run` and `resume` take. */
export interface FlowArgs {
  readonly flow?: string;
  readonly run?: string;
  readonly from?: string;
  readonly params?: string;
  readonly profile?: string;
  readonly home?: string;
  readonly maxWorkers?: number;
  readonly tags: readonly string[];
  /** What `--with` gives every step that does not say so itself. */
  readonly with: readonly string[];
  readonly runIdFile?: string;
  readonly quiet: boolean;
  /** Run steps in this process, for a debugger. */
  readonly debug: boolean;
  /** Take what the same code made of the same inputs before. */
  readonly cache: boolean;
  readonly json: boolean;
  /** All that was given, by flag: the flow's own parameters are among it. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** Checks what `run` and `resume` take. By hand: a run's start does not wait for zod where its flow does not need it. */
export const flowArgs: ArgsSchema<FlowArgs> = {
  safeParse(given) {
    const args = given as Readonly<Record<string, unknown>>; // What the command line holds, by flag.
    const text = (name: string): string | undefined => (typeof args[name] === 'string' ? args[name] : undefined);
    const workers = text('max-workers');
    const list = (name: string): string[] => (Array.isArray(args[name]) ? args[name].map(String) : []);
    const tags = list('tag');
    const runIdFile = text('run-id-file');
    const issues = [
      ...(workers === undefined || /^[1-9]\d*$/.test(workers)
        ? []
        : [{ path: ['max-workers'], message: `a whole number, at least 1, not ${workers}` }]),
      ...(tags.includes('') ? [{ path: ['tag'], message: 'a tag has at least one character' }] : []),
    ];
    if (issues.length > 0) return { success: false, error: { issues } };
    const texts = ['flow', 'run', 'from', 'params', 'profile', 'home'].flatMap((name) => {
      const value = text(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      success: true,
      data: {
        ...Object.fromEntries(texts),
        ...(workers === undefined ? {} : { maxWorkers: Number(workers) }),
        ...(runIdFile === undefined ? {} : { runIdFile }),
        tags,
        with: list('with'),
        quiet: args['quiet'] === true,
        debug: args['debug'] === true,
        cache: args['cache'] === true,
        json: args['json'] === true,
        given: args,
      },
    };
  },
};

/** Flags that mean the same in `run` and `resume`. */
export const sharedFlags: Readonly<Record<string, Flag>> = {
  profile: { type: 'string', help: 'profile of smallboat.config.ts (default: SMALLBOAT_PROFILE, or local)' },
  'max-workers': { type: 'string', help: 'tasks at once (default: the number of cores)' },
  tag: { type: 'string', short: 't', multiple: true, help: 'a tag to find the run by; may be repeated' },
  with: { type: 'string', multiple: true, help: 'for all steps: retry, timeout:minutes=5, resources:cpu=4, batch, …' },
  config: { type: 'string', multiple: true, help: 'name=<file>: a configuration of the flow; may be repeated' },
  'config-value': { type: 'string', multiple: true, help: 'name=<JSON>: the same, given here' },
  'run-id-file': { type: 'string', help: 'write the id of the run to this file when it begins' },
  cache: { type: 'boolean', help: 'do not run what ran before with the same code and inputs' },
  debug: { type: 'boolean', help: 'run the steps in this process, for breakpoints' },
  quiet: { type: 'boolean', short: 'q', help: 'do not show what the steps print' },
  json: { type: 'boolean', help: 'print the run as JSON' },
};

/** Flags of `run` and `resume` that stand without a value. */
export const SWITCHES: readonly string[] = ['--json', '--quiet', '-q', '--debug', '--cache', '--help', '-h'];

export interface FlowSettings {
  /** Absolute. */
  readonly home: string;
  /** Where runs are kept. */
  readonly store: StoreSpec;
  /** URL, where the settings choose one. */
  readonly warehouse?: string;
  readonly memoryLimitMiB?: number;
  readonly maxWorkers?: number;
  /** What every step gets that does not say so itself: from the configuration and the command line. */
  readonly with: readonly string[];
}

/** Where runs are kept and how many tasks run at once: flags over environment over configuration. */
export async function flowSettings(
  args: { readonly home?: string | undefined; /** Default the working folder. */ readonly folder?: string } & Partial<
    Pick<FlowArgs, 'maxWorkers' | 'with' | 'profile'>
  >,
  io: Io,
): Promise<FlowSettings> {
  const env = args.profile === undefined ? io.env : { ...io.env, SMALLBOAT_PROFILE: args.profile };
  const settings = await loadSettings({ folder: args.folder ?? io.cwd, env });
  const maxWorkers = args.maxWorkers ?? settings.maxWorkers;
  const home = args.home === undefined ? settings.home : resolve(io.cwd, args.home);
  return {
    home,
    store: storeOf({ home, isSaid: args.home !== undefined, settings }, io),
    ...(settings.warehouse === undefined ? {} : { warehouse: settings.warehouse }),
    ...(settings.memoryLimitMiB === undefined ? {} : { memoryLimitMiB: settings.memoryLimitMiB }),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    with: [...(args.with ?? []), ...(settings.with ?? []), ...(settings.compute ? [settings.compute] : [])],
  };
}

/**
 * Hands the configurations that the command line gives to the flow's module, which is imported after this. Throws
 * `FLOW_CONFIG_UNREADABLE`.
 */
export async function setConfigs(argv: readonly string[], io: Io): Promise<void> {
  if (!argv.some((arg) => arg.startsWith('--config'))) return;
  const { configVariable } = await import('../flow/index.ts');
  for (const [i, arg] of argv.entries()) {
    const [, flag, joined] = /^--(config|config-value)(?:=(.*))?$/s.exec(arg) ?? [];
    if (flag === undefined) continue;
    const [name, content] = configVariable(joined ?? argv[i + 1] ?? '', flag === 'config' ? 'file' : 'value', io.cwd);
    // Read by the module as it is imported, which no argument can reach.
    process.env[name] = content;
  }
}

/** Hands the profile that the command line names to the steps, which read their settings too, in processes of their own. */
export function setProfile(profile: string | undefined): void {
  if (profile !== undefined) process.env['SMALLBOAT_PROFILE'] = profile;
}

/** Writes the run's id to the file that `--run-id-file` names, when the run begins. */
export function runIdWriter({ runIdFile }: Pick<FlowArgs, 'runIdFile'>, io: Io): (event: RunEvent) => void {
  return (event) => {
    if (event.kind === 'runStarted' && runIdFile !== undefined) writeFileSync(resolve(io.cwd, runIdFile), event.run);
  };
}

/** Aborts at Ctrl-C and at SIGTERM. A second Ctrl-C ends the process at once. */
export function stopSignal(io: Io): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const onSignal = (): void => {
    io.err('Stopping: waiting for the steps that run to let go. Ctrl-C again to stop at once.');
    stop.abort();
    release();
  };
  const release = (): void => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return { signal: stop.signal, [Symbol.dispose]: release };
}
