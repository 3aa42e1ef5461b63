import { resolve } from 'node:path';
import * as z from 'zod';
import { loadSettings } from '../config/index.ts';
import type { Io } from '../kernel/index.ts';
import type { Flag } from './command.ts';

/** What `run` and `resume` both take, as their schemas have it. */
export const sharedShape = {
  params: z.string().optional(),
  home: z.string().optional(),
  'max-workers': z.coerce.number().int().min(1).optional(),
  tag: z.array(z.string().min(1)).default([]),
  json: z.boolean().default(false),
};

/** Those of it that mean the same in both. */
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
