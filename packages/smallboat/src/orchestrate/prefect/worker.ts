import { messageOf } from '../../kernel/index.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Flow,
  type RunStore,
  type StoreSpec,
  applyWith,
  loadFlow,
  openRunStore,
  readRun,
  resumeFlow,
  runErrors,
  runFlow,
} from '../../flow/index.ts';
import type { Prefect } from './prefect-api.ts';
import { tagsOfRuns } from './deploy.ts';
import { resultTable } from '../result-table.ts';
import { type Reporter, reporter } from './reporter.ts';

export interface WorkerOptions {
  readonly api: Prefect;
  readonly pool: string;
  /** Where runs are kept. */
  readonly store: StoreSpec;
  /** Flow runs at once. Default 4. */
  readonly limit?: number;
  /** Tasks of one run at once. Default: the number of cores. */
  readonly maxWorkers?: number;
  /** What every step gets that does not say so itself. */
  readonly with: readonly string[];
  /** Ends after so many flow runs. Default: it goes on. */
  readonly runs?: number;
  /** Seconds between two questions for work. Default 5. */
  readonly pollSeconds?: number;
  readonly signal: AbortSignal;
  /** Tells people what it does, a line each. */
  readonly say: (line: string) => void;
  /** Begins the trace of a run, below what its flow run names. Default: none is made. */
  readonly trace?: (parent: string | undefined) => Promise<RunTrace>;
}

/** A run in a trace. Dispose of it to send what is left. */
interface RunTrace extends AsyncDisposable {
  readonly tell: (event: Parameters<Reporter['tell']>[0]) => void;
  /** What its steps find as TRACEPARENT. */
  readonly traceParent?: string;
}

/** The label by which Prefect's own flows hand on where they are in a trace (prefect/telemetry/run_telemetry.py). */
export const TRACE_LABEL = '__OTEL_TRACEPARENT';

/** As much of a flow run as is read. */
interface FlowRunSaid {
  readonly id: string;
  readonly name: string;
  readonly deployment_id: string | null;
  /** Those of its deployment are among them. */
  readonly tags: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly state_type: string;
  readonly infrastructure_pid: string | null;
  readonly job_variables: Readonly<Record<string, unknown>> | null;
  readonly labels?: Readonly<Record<string, unknown>> | null;
}

interface DeploymentSaid {
  readonly entrypoint: string;
  readonly path: string | null;
}

/** Seconds between two signs of life. */
const BEAT = 15;
/** Milliseconds between two looks whether a flow run is to be cancelled. */
const LOOK = 2000;
/** What a flow run says of the run that is made for it, so that it is continued and not begun again. */
const RUN_MARK = /^smallboat:[^:]*:(\w[\w.-]*)\/(\S+)$/;

/**
 * Takes flow runs from a work pool of Prefect and runs them here, as `smallboat run` would, until `signal` aborts. A flow run that is retried
 * goes on where its run failed. Rejects where Prefect cannot be asked at all; what goes wrong with one flow run is its state.
 */
export async function prefectWorker(options: WorkerOptions): Promise<void> {
  const { api, pool, limit = 4, runs = Infinity, pollSeconds = 5, signal, say } = options;
  const running = new Map<string, Promise<void>>();
  const name = `smallboat ${hostname()} ${process.pid}`;
  let begun = 0;
  let beatAt = 0;
  say(`Waiting for flow runs of work pool '${pool}'`);
  while (!signal.aborted && begun < runs) {
    if (Date.now() - beatAt > BEAT * 1000) {
      await api.ask('POST', `/work_pools/${pool}/workers/heartbeat`, { name, heartbeat_interval_seconds: BEAT });
      beatAt = Date.now();
    }
    const free = Math.min(limit - running.size, runs - begun);
    for (const flowRun of free > 0 ? await due(api, pool, free) : []) {
      if (running.has(flowRun.id) || begun >= runs) continue;
      begun += 1;
      const work = runOne(flowRun, options).finally(() => running.delete(flowRun.id));
      running.set(flowRun.id, work);
    }
    // Aborted: the loop says so.
    if (begun < runs) await delay(pollSeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(running.values());
}

async function due(api: Prefect, pool: string, limit: number): Promise<readonly FlowRunSaid[]> {
  const scheduled = await api.ask<readonly { readonly flow_run: FlowRunSaid }[]>(
    'POST',
    `/work_pools/${pool}/get_scheduled_flow_runs`,
    { scheduled_before: new Date().toISOString(), limit },
  );
  return scheduled.map(({ flow_run: flowRun }) => flowRun);
}

/** Runs a flow run to its end. Never rejects. */
async function runOne(flowRun: FlowRunSaid, options: WorkerOptions): Promise<void> {
  const { api, say } = options;
  const { id, name } = flowRun;
  const set = (type: string, label: string, message?: string): Promise<{ status: string }> =>
    api.ask('POST', `/flow_runs/${id}/set_state`, {
      state: { type, name: label, ...(message === undefined ? {} : { message }) },
    });
  const stop = new AbortController();
  let isCancelled = false;
  let watch: NodeJS.Timeout | undefined;
  let told: Reporter | undefined;
  const onAbort = (): void => stop.abort();
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    // Another worker may have taken it.
    if ((await set('PENDING', 'Pending')).status !== 'ACCEPT') return;
    const { flow, module } = await flowOf(flowRun, options);
    const report = reporter(api, flow, id);
    told = report;
    if ((await set('RUNNING', 'Running')).status !== 'ACCEPT') return;
    say(`${name}: running flow ${flow.name}`);
    watch = setInterval(() => {
      void api.ask<FlowRunSaid>('GET', `/flow_runs/${id}`).then(
        ({ state_type: state }) => {
          if (state !== 'CANCELLING' && state !== 'CANCELLED') return;
          isCancelled = true;
          stop.abort();
        },
        // The next look says it.
        () => undefined,
      );
    }, LOOK);
    await using store = await openRunStore(options.store);
    const run = await runHere(flowRun, { flow, module, store, report, signal: stop.signal, options });
    await keepResult(api, { flowRun, flow, store, run });
    await report.flush();
    await set('COMPLETED', 'Completed', `Run ${flow.name}/${run}`);
    say(`${name}: done, run ${flow.name}/${run}`);
  } catch (error) {
    const message = messageOf(error);
    say(`${name}: ${message}`);
    told?.say(message, 40);
    await told?.flush().catch(() => undefined);
    const isStopped = runErrors.RUN_INTERRUPTED.is(error);
    const [type, label] = isCancelled
      ? (['CANCELLED', 'Cancelled'] as const)
      : isStopped
        ? (['CRASHED', 'Crashed'] as const)
        : (['FAILED', 'Failed'] as const);
    await set(type, label, message).catch((problem: unknown) => say(`${name}: ${String(problem)}`));
  } finally {
    clearInterval(watch);
    options.signal.removeEventListener('abort', onAbort);
  }
}

/** The flow that a deployment names, from its file. */
async function flowOf(
  { deployment_id: id }: FlowRunSaid,
  { api, with: specs }: WorkerOptions,
): Promise<{ readonly flow: Flow; readonly module: string }> {
  const { entrypoint, path } = await api.ask<DeploymentSaid>('GET', `/deployments/${id ?? ''}`);
  const at = entrypoint.lastIndexOf(':');
  const module = pathToFileURL(resolve(path ?? '.', entrypoint.slice(0, at))).href;
  return { flow: applyWith(await loadFlow(module, entrypoint.slice(at + 1)), specs), module };
}

interface Here {
  readonly flow: Flow;
  readonly module: string;
  readonly store: RunStore;
  readonly report: Reporter;
  readonly signal: AbortSignal;
  readonly options: WorkerOptions;
}

/** Runs the flow, or continues the run that an earlier try of the flow run made. Gives the run. */
async function runHere(
  flowRun: FlowRunSaid,
  { flow: given, module, store, report, signal, options }: Here,
): Promise<string> {
  const { api } = options;
  const parent = flowRun.labels?.[TRACE_LABEL];
  await using trace = await options.trace?.(typeof parent === 'string' ? parent : undefined);
  const variables = trace?.traceParent === undefined ? undefined : JSON.stringify({ TRACEPARENT: trace.traceParent });
  // Several runs share this process and its environment: each step is told by its own.
  const flow = variables === undefined ? given : applyWith(given, [`environment:vars=${variables}`]);
  const asked = flowRun.job_variables?.['max_workers'];
  const maxWorkers = typeof asked === 'number' ? asked : options.maxWorkers;
  const [, , before] = RUN_MARK.exec(flowRun.infrastructure_pid ?? '') ?? [];
  const isThere = before !== undefined && (await store.run(flow.name, before)) !== undefined;
  const common = {
    module,
    store: options.store,
    signal,
    tags: ['prefect', `prefect-flow-run:${flowRun.id}`, ...tagsOfRuns(flowRun.tags)],
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    onEvent: (event: Parameters<Reporter['tell']>[0]) => {
      report.tell(event);
      trace?.tell(event);
      if (event.kind !== 'runStarted') return;
      const mark = `smallboat:${hostname()}:${flow.name}/${event.run}`;
      api.ask('PATCH', `/flow_runs/${flowRun.id}`, { infrastructure_pid: mark }).catch((error: unknown) => {
        report.say(`Prefect was not told of the run: ${String(error)}`, 30);
      });
    },
  };
  await using run = isThere
    ? await resumeFlow(flow, { ...common, run: before })
    : await runFlow(flow, { ...common, params: flowRun.parameters });
  return run.run;
}

/** The flow's result as a table, among the artifacts of the flow run. */
async function keepResult(
  api: Prefect,
  { flowRun, flow, store, run }: { flowRun: FlowRunSaid; flow: Flow; store: RunStore; run: string },
): Promise<void> {
  const view = await readRun(store, { flow: flow.name, run });
  await api.ask('POST', '/artifacts/', {
    key: `result-of-${flow.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`,
    type: 'markdown',
    description: `The result of run ${flow.name}/${run}`,
    data: await resultTable(store, view),
    flow_run_id: flowRun.id,
  });
}
