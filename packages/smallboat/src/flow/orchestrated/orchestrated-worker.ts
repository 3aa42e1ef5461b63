import { messageOf } from '../../kernel/index.ts';
import type { Flow } from '../compose/flow.ts';
import { readConfigs } from '../config-value.ts';
import { Halted } from '../engine/halted.ts';
import { resolverErrors } from '../engine/resolver.ts';
import type { Workers } from '../engine/job.ts';
import { processPool } from '../engine/process-pool.ts';
import { paramErrors } from '../params.ts';
import { type StoreSpec, openRunStore } from '../store/open-run-store.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Decision, PlannedWork } from './planned.ts';
import { NotTaken, doWork } from './work.ts';

export interface OrchestratedWorkerOptions {
  readonly flow: Flow;
  /** URL of the module that exports the flow. */
  readonly module: string;
  readonly storeSpec: StoreSpec;
  /** Processes at most. Default: the number of cores. */
  readonly maxWorkers?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly print: (text: string, stream: 'stdout' | 'stderr') => void;
}

/** A piece of work of one execution. */
export interface OrchestratedTask {
  readonly work: PlannedWork;
  readonly execution: string;
  /** Place in the lists and iterations around it, outermost first. */
  readonly index: readonly number[];
  /** By name. For `begin`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  readonly signal: AbortSignal;
}

/** How a piece of work ended. */
export type WorkEnd =
  | { readonly kind: 'done'; readonly decisions: Readonly<Record<string, Decision>> }
  /** It is in a case of a choice that is not taken. */
  | { readonly kind: 'notTaken' }
  /** It was told to stop. */
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'failed';
      readonly message: string;
      /** Seconds after which one more attempt is to be made: of the body, or of its `catch`. Without it there is none. */
      readonly againAfterSeconds?: number;
    };

/**
 * Does the work of a flow whose order an engine keeps, in processes that are used again: for engines whose workers live long, and have the code
 * of the flow. Attempts that were lost with a worker are none of those that `retry` allows.
 */
export interface OrchestratedWorker extends AsyncDisposable {
  readonly store: RunStore;
  /** Pieces of work that can be done at once. */
  readonly atOnce: number;
  /** Rejects where the work could not be tried: the store is not reached, say. */
  perform(task: OrchestratedTask): Promise<WorkEnd>;
}

/** Rejects as `openRunStore` and, for steps that run on a service, as the service's opening does. */
export async function orchestratedWorker(options: OrchestratedWorkerOptions): Promise<OrchestratedWorker> {
  const { flow, module, storeSpec, maxWorkers, env, cwd, print } = options;
  const store = await openRunStore(storeSpec);
  const variables = Object.fromEntries(readConfigs().map(({ variable }) => variable));
  const local = processPool({
    module,
    flow: flow.name,
    storeSpec,
    store,
    variables,
    tellsLogs: true,
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
  });
  let workers: Workers = local;
  try {
    workers = await withServices(local, { flow, module, store, storeSpec, variables, env, cwd });
  } catch (error) {
    await local[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    throw error;
  }
  // Each piece of work disposes of its pool; this one is for all of them.
  const shared: Workers = {
    size: workers.size,
    ...(workers.elsewhere ? { elsewhere: workers.elsewhere } : {}),
    run: (job, jobOptions) => workers.run(job, jobOptions),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return {
    store,
    atOnce: workers.size + (workers.elsewhere?.size ?? 0),
    async perform({ work, execution, index, parameters, tags, systemTags, signal }) {
      try {
        const decisions = await doWork(work, {
          order: { tags, systemTags },
          flow,
          module,
          store,
          execution,
          index,
          parameters: JSON.stringify(parameters),
          env,
          signal,
          print,
          pool: () => shared,
          passesOverLost: true,
        });
        return { kind: 'done', decisions };
      } catch (error) {
        return endOf(error, flow);
      }
    },
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** What a piece of work that threw came to. Throws what is no fault of the work. */
function endOf(error: unknown, flow: Flow): WorkEnd {
  if (error instanceof NotTaken) return { kind: 'notTaken' };
  if (!(error instanceof Halted)) {
    // What the flow itself is to blame for is as wrong the next time.
    const isForGood = [...Object.values(paramErrors), ...Object.values(resolverErrors)].some((kind) => kind.is(error));
    if (isForGood) return { kind: 'failed', message: messageOf(error) };
    throw error;
  }
  const { failure } = error;
  if (!failure) return { kind: 'stopped' };
  const node = flow.dag().steps.find(({ name }) => name === failure.step);
  const { times = 0, backoffSeconds = 1 } = node?.options.retry ?? {};
  const { attempts, task } = failure;
  const message = `${task} failed: ${failure.error.message}`;
  if (attempts <= times) return { kind: 'failed', message, againAfterSeconds: backoffSeconds * 2 ** (attempts - 1) };
  // Its `catch`, which comes at once.
  if (node?.fallback && attempts === times + 1) return { kind: 'failed', message, againAfterSeconds: 0 };
  return { kind: 'failed', message };
}

/** Steps that run elsewhere need more than processes here: it is loaded where there are some. */
async function withServices(
  local: Workers,
  at: {
    readonly flow: Flow;
    readonly module: string;
    readonly store: RunStore;
    readonly storeSpec: StoreSpec;
    readonly variables: Readonly<Record<string, string>>;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly cwd: string;
  },
): Promise<Workers> {
  const dag = at.flow.dag();
  if (dag.steps.every(({ options: { compute = 'local' } }) => compute === 'local')) return local;
  const { openCompute } = await import('../compute/index.ts');
  const { workers } = await openCompute({ ...at, dag, local, code: at.flow.options.code });
  return workers;
}
