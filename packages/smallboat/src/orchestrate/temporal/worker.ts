import type * as ActivitySdk from '@temporalio/activity';
import type * as WorkerSdk from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { optionalPackage, messageOf } from '../../kernel/index.ts';
import type { Flow, StoreSpec } from '../../flow/index.ts';
import { type OrchestratedWorker, orchestratedWorker } from '../../flow/orchestrated/index.ts';
import { temporalErrors, temporalPlace } from './connect.ts';
import { type Temporal, temporal } from './deployments.ts';
import { ACTIVITY, type ActivityInput, type Decided } from './plan.ts';

export interface TemporalWorkerOptions {
  readonly flow: Flow;
  /** URL of the module that exports the flow. */
  readonly module: string;
  /** Name of the deployment whose work it does. */
  readonly name: string;
  /** Where runs are kept: all workers of a deployment reach it. */
  readonly store: StoreSpec;
  /** Tasks at once. Default: the number of cores. */
  readonly maxWorkers?: number;
  /** Where the server is is said here, as are what steps read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Tells people what it does, a line each. */
  readonly say: (line: string) => void;
}

/** The file of the workflows, which Temporal bundles for its sandbox. */
const WORKFLOWS = new URL('./workflow.ts', import.meta.url);

/**
 * Does the work of a deployment until `signal` aborts: the tasks of its flow are Temporal's activities, each of its step's name, in processes
 * that are used again. What it leaves unfinished another goes on with. Rejects with `PACKAGE_MISSING`, `TEMPORAL_UNREACHABLE`.
 */
export async function temporalWorker(options: TemporalWorkerOptions): Promise<void> {
  const { flow, module, name, store, env, cwd, signal, say } = options;
  const needer = 'smallboat temporal worker';
  const sdk = await optionalPackage('@temporalio/worker', needer, () => import('@temporalio/worker'));
  const activity = await optionalPackage('@temporalio/activity', needer, () => import('@temporalio/activity'));
  const { connection: place, namespace } = await temporalPlace(env);
  installRuntime(sdk, say);
  const connection = await sdk.NativeConnection.connect(place).catch((cause: unknown) => {
    throw temporalErrors.TEMPORAL_UNREACHABLE({ address: place.address, problem: messageOf(cause) }, { cause });
  });
  try {
    await using server = await temporal(env);
    await using hands = await orchestratedWorker({
      flow,
      module,
      // As Metaflow names the users of engines.
      storeSpec: { ...store, user: 'TEMPORAL' },
      env,
      cwd,
      print: (text, stream) => void process[stream].write(text),
      ...(options.maxWorkers === undefined ? {} : { maxWorkers: options.maxWorkers }),
    });
    const perform = (given: ActivityInput): Promise<Decided> =>
      performOne(given, { activity, flow, hands, server, say });
    const names = [...flow.dag().steps.map((step) => step.name), ...Object.values(ACTIVITY)];
    const worker = await sdk.Worker.create({
      connection,
      namespace,
      taskQueue: name,
      workflowsPath: fileURLToPath(WORKFLOWS),
      activities: Object.fromEntries(names.map((one) => [one, perform])),
      maxConcurrentActivityTaskExecutions: Math.max(2, hands.atOnce),
      // An end that is asked for is learned of by a heartbeat's answer.
      maxHeartbeatThrottleInterval: BEAT,
      shutdownGraceTime: 0,
    });
    const stop = (): void => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    signal.addEventListener('abort', stop, { once: true });
    say(`Waiting for work of '${name}' at ${place.address}`);
    const running = worker.run();
    if (signal.aborted) stop();
    await running.finally(() => signal.removeEventListener('abort', stop));
  } finally {
    await connection.close();
  }
}

/** Milliseconds between two signs of life, at most. */
const BEAT = 2000;

interface Hands {
  readonly activity: typeof ActivitySdk;
  readonly flow: Flow;
  readonly hands: OrchestratedWorker;
  readonly server: Temporal;
  readonly say: (line: string) => void;
}

/** One activity: a task's next attempt, or what begins, decides and ends a run. */
async function performOne(given: ActivityInput, { activity, flow, hands, server, say }: Hands): Promise<Decided> {
  const { ApplicationFailure, CancelledFailure, Context } = activity;
  const context = Context.current();
  if (given.flow !== flow.name) {
    throw ApplicationFailure.nonRetryable(`This worker has flow '${flow.name}', and not '${given.flow}'.`, 'WrongFlow');
  }
  const { heartbeatTimeoutMs = 30_000 } = context.info;
  const beats = setInterval(() => context.heartbeat(), Math.min(BEAT, heartbeatTimeoutMs / 3));
  try {
    const end = await hands.perform({ ...given, signal: context.cancellationSignal });
    switch (end.kind) {
      case 'done':
        break;
      case 'notTaken':
        return {};
      case 'stopped':
        // A worker that is shut down leaves its task to another.
        if (await isOfWorkflow(context)) throw new CancelledFailure('Stopped');
        throw ApplicationFailure.create({
          message: 'The worker was shut down',
          type: 'WorkerShutdown',
          nextRetryDelay: 1,
        });
      case 'failed': {
        const { message, againAfterSeconds: again } = end;
        say(message);
        throw ApplicationFailure.create({
          message,
          type: 'StepFailed',
          nonRetryable: again === undefined,
          ...(again === undefined ? {} : { nextRetryDelay: Math.max(1, again * 1000) }),
        });
      }
    }
    if (given.work.kind === 'end') {
      for (const started of await server.finished(given.deployment, given.execution)) say(`Started ${started}`);
    }
    return Object.fromEntries(
      Object.entries(end.decisions).map(([region, decision]) => [
        region,
        isWhole(decision) ? decision.length : decision,
      ]),
    );
  } finally {
    clearInterval(beats);
  }
}

/** Whether the workflow, and not the worker, has asked for the end. */
async function isOfWorkflow(context: ActivitySdk.Context): Promise<boolean> {
  const why = await context.cancelled.catch((error: unknown) => messageOf(error));
  return why !== 'WORKER_SHUTDOWN';
}

/** 0, 1, 2, …: a list of which no element is left out. */
function isWhole(decision: Decided[string]): decision is readonly number[] {
  return Array.isArray(decision) && decision.every((place, i) => place === i);
}

let isInstalled = false;

/** Temporal's own log, warnings and worse, goes where ours goes. A process has one. */
function installRuntime(sdk: typeof WorkerSdk, say: (line: string) => void): void {
  if (isInstalled) return;
  isInstalled = true;
  const logger = new sdk.DefaultLogger('WARN', ({ level, message, meta }) => {
    const { error } = (meta ?? {}) as { readonly error?: unknown }; // As the SDK logs it.
    // What a body does wrong has been said.
    if (!message.startsWith('Activity failed'))
      say(`Temporal ${level}: ${message}${error === undefined ? '' : `: ${messageOf(error)}`}`);
  });
  sdk.Runtime.install({ logger, shutdownSignals: [] });
}
