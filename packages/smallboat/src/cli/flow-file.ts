import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Io } from '../kernel/index.ts';
import { loadSettings } from '../config/index.ts';
import { cliErrors } from './command.ts';

/** A flow's place on the command line: `flow.ts`, or `flow.ts#name` where a file has several. */
export interface FlowFile {
  /** URL of the module. */
  readonly module: string;
  readonly wanted?: string;
}

/** Throws `USAGE` where there is no such file. */
export function flowFile(given: string, command: string, io: Io): FlowFile {
  const [file = '', wanted] = given.split('#');
  const path = resolve(io.cwd, file);
  if (!existsSync(path)) throw cliErrors.USAGE({ command, problem: `There is no file ${path}` });
  return { module: pathToFileURL(path).href, ...(wanted === undefined ? {} : { wanted }) };
}

/** The first argument that is no flag and no flag's value. */
export function firstPositional(argv: readonly string[], flagsWithoutValue: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i += 1) {
    const arg = argv[i] ?? '';
    if (!arg.startsWith('-')) return arg;
    if (!arg.includes('=') && !flagsWithoutValue.includes(arg)) i += 1;
  }
  return undefined;
}

export interface FlowSettings {
  /** Absolute. */
  readonly home: string;
  readonly maxWorkers?: number;
}

/** Where runs are kept and how many tasks run at once: flags over environment over configuration. */
export async function flowSettings(
  args: { readonly home?: string | undefined; readonly 'max-workers'?: number | undefined },
  io: Io,
): Promise<FlowSettings> {
  const settings = await loadSettings({ folder: io.cwd, env: io.env });
  const maxWorkers = args['max-workers'] ?? settings.maxWorkers;
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
