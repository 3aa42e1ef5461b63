import type { RunFlowOptions } from '../flow/index.ts';
import { openRunStore } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';
import type { FlowArgs, FlowSettings } from './flow-settings.ts';
import { runIdWriter, stopSignal } from './flow-settings.ts';
import { flowTracing } from './flow-tracing.ts';

/** What the command line puts around a run of a flow: Ctrl-C, traces, logs, the file of its id. Dispose of it after the run. */
export interface FlowShell extends AsyncDisposable {
  readonly options: Omit<RunFlowOptions<never>, 'module' | 'params' | 'started'>;
}

/** Rejects as `flowTracing` does. */
export async function flowShell(
  args: FlowArgs,
  { store, maxWorkers }: Pick<FlowSettings, 'store' | 'maxWorkers'>,
  io: Io,
): Promise<FlowShell> {
  // Opened first: what fails here has nothing to let go.
  const opened = args.debug ? await openRunStore(store) : store;
  const tracing = await flowTracing(io);
  const stop = stopSignal(io);
  const writeRunId = runIdWriter(args, io);
  const options: FlowShell['options'] = {
    store: opened,
    io,
    showsLogs: !args.quiet,
    cache: args.cache,
    signal: stop.signal,
    tags: args.tags,
    onEvent: (event) => {
      writeRunId(event);
      tracing.tell(event);
    },
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
  };
  return {
    options,
    async [Symbol.asyncDispose]() {
      stop[Symbol.dispose]();
      await tracing[Symbol.asyncDispose]();
    },
  };
}
