import { resolve } from 'node:path';
import { loadSettings } from '../config/index.ts';
import type { Io } from '../kernel/index.ts';
import type { ArgsSchema, Flag } from './command.ts';

/** What `run` and `resume` take. */
export interface FlowArgs {
  readonly flow?: string;
  readonly run?: string;
  readonly from?: string;
  readonly params?: string;
  readonly home?: string;
  readonly maxWorkers?: number;
  readonly tags: readonly string[];
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
    const tags = Array.isArray(args['tag']) ? args['tag'].map(String) : [];
    const issues = [
      ...(workers === undefined || /^[1-9]\d*$/.test(workers)
        ? []
        : [{ path: ['max-workers'], message: `a whole number, at least 1, not ${workers}` }]),
      ...(tags.includes('') ? [{ path: ['tag'], message: 'a tag has at least one character' }] : []),
    ];
    if (issues.length > 0) return { success: false, error: { issues } };
    const texts = ['flow', 'run', 'from', 'params', 'home'].flatMap((name) => {
      const value = text(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      success: true,
      data: {
        ...Object.fromEntries(texts),
        ...(workers === undefined ? {} : { maxWorkers: Number(workers) }),
        tags,
        json: args['json'] === true,
        given: args,
      },
    };
  },
};

/** Flags that mean the same in `run` and `resume`. */
export const sharedFlags: Readonly<Record<string, Flag>> = {
  'max-workers': { type: 'string', help: 'tasks at once (default: the number of cores)' },
  tag: { type: 'string', short: 't', multiple: true, help: 'a tag to find the run by; may be repeated' },
  json: { type: 'boolean', help: 'print the run as JSON' },
};

export interface FlowSettings {
  /** Absolute. */
  readonly home: string;
  readonly maxWorkers?: number;
}

/** Where runs are kept and how many tasks run at once: flags over environment over configuration. */
export async function flowSettings(
  args: { readonly home?: string | undefined; readonly maxWorkers?: number | undefined },
  io: Io,
): Promise<FlowSettings> {
  const settings = await loadSettings({ folder: io.cwd, env: io.env });
  const maxWorkers = args.maxWorkers ?? settings.maxWorkers;
  return {
    home: args.home === undefined ? settings.home : resolve(io.cwd, args.home),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
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
