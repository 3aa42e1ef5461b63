import { type RunStore, openRunStore } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';
import type { Flag } from './command.ts';
import { flowSettings } from './flow-settings.ts';
import { type Found, findPath } from './pathspec.ts';

/** Flags of commands that look at runs. */
export const runsFlags = {
  home: { type: 'string', help: 'folder that the runs are in (default .smallboat, or what is configured)' },
  namespace: { type: 'string', help: 'whose runs: user:ada, production:…; empty for all (default: your own)' },
} as const satisfies Readonly<Record<string, Flag>>;

export interface Runs extends AsyncDisposable {
  readonly store: RunStore;
  /** Absolute: for what is written beside the runs. */
  readonly home: string;
  /** The one in force; empty for all. */
  readonly namespace: string;
  /** Finds a run or a part of it. Rejects with `NO_RUNS`, `NOTHING_AT_PATHSPEC`. */
  find(this: void, path: string | undefined): Promise<Found>;
}

/** Opens the store that the flags and the settings name. */
export async function openRuns(
  args: { readonly home?: string | undefined; readonly namespace?: string | undefined },
  io: Io,
): Promise<Runs> {
  const { home, store: spec } = await flowSettings(args, io);
  const store = await openRunStore(spec);
  const token = io.env['METAFLOW_PRODUCTION_TOKEN'] ?? '';
  const namespace = args.namespace ?? (token === '' ? `user:${store.user}` : `production:${token}`);
  return {
    store,
    home,
    namespace,
    find: (path) => findPath(store, path, namespace),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
