import { pathToFileURL } from 'node:url';
import type { Dag, StepNode } from '../definition.ts';
import type { Job, JobOptions, Outcome } from '../engine/job.ts';
import type { StoreSpec } from '../store/open-run-store.ts';
import type { CodePackage, RunStore } from '../store/run-store.ts';
import { type ContainerLog, containerLog } from './container-log.ts';
import { outcomeOf } from './outcome.ts';
import { gangName } from './kubernetes/gang-service.ts';
import type { GangOrders } from './gang-orders.ts';
import type { Container, ContainerEnd, ContainerService, GangPlace } from './service.ts';
import { bootstrapCommand } from './task/bootstrap-command.ts';
import { ORDER_VARIABLE, type RemoteJob, type TaskOrder } from './task/order.ts';

export interface RemoteOptions {
  readonly dag: Dag;
  readonly store: RunStore;
  /** The store as containers reach it. */
  readonly storeSpec: StoreSpec;
  readonly code: CodePackage;
  /** What the flow's module read as configuration, as environment variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Environment variables of every container. */
  readonly environment: Readonly<Record<string, string>>;
  /** The folder that bodies begin in, from the root of the code package. */
  readonly folder: string;
  readonly graceSeconds: number;
  /** When the service ends a container whose step has no limit, in seconds. */
  readonly runtimeLimitSeconds: number;
  /** The gangs whose members are one job. */
  readonly gangs: GangOrders;
}

/** Seconds that a container may take before its body begins and after it has ended: pulling an image is not among them. */
const AROUND = 120;

/** Letters of a job that goes along with its order: the environment of a job has a limit, and other things are in it. */
const SHORT = 3000;

/**
 * Runs one attempt in a container of a service. The service is told names and content keys, and no values; how the attempt ended is read
 * from the store.
 */
export async function runRemotely(
  job: Job,
  { signal, onLog, onProgress }: JobOptions,
  { service, ...options }: RemoteOptions & { readonly service: ContainerService },
): Promise<Outcome> {
  const { store, dag } = options;
  const node = dag.steps.find(({ name }) => name === job.step);
  if (signal?.aborted || !node) return { kind: 'stopped' };
  const log = containerLog({ ...(onLog ? { onLog } : {}), ...(onProgress ? { onProgress } : {}) });
  const container = await containerFor(job, node, { ...options, service, ...(signal ? { signal } : {}) }).catch(
    (error: unknown) => {
      if (signal?.aborted) return undefined;
      throw error;
    },
  );
  if (!container) return { kind: 'stopped' };
  let fraction = 0;
  const end = await service.run(container, {
    ...(signal ? { signal } : {}),
    onLog: (stream, text) => log.write(stream, text),
    onState: (state) => onProgress?.({ fraction, message: `${service.name}: ${state}` }),
  });
  log.end();
  fraction = 1;
  if (options.storeSpec.isMetadataElsewhere === true) await store.adopt(job.path, job.attempt, job.place);
  if (hasNotBegun(end)) await sayWhy(job, store, end);
  else if (onLog && end.kind !== 'stopped') await completeLog(job, store, log);
  const known = { end, tail: log.tail, service: service.name, hasLimit: node.options.timeoutSeconds !== undefined };
  const outcome = await outcomeOf(job, store, { ...known, ...(log.loss ? { loss: log.loss } : {}) });
  if (container.gang && service.hasJobsOfGangs === true) await options.gangs.settle(container.gang, outcome);
  return outcome;
}

async function containerFor(
  given: Job,
  { options: said }: StepNode,
  options: RemoteOptions & { readonly service: ContainerService; readonly signal?: AbortSignal },
): Promise<Container> {
  const gang = gangOf(given);
  const mainAddress = gang && options.service.mainAddress?.(said, gang);
  const job = {
    ...given,
    ...(given.gang && mainAddress !== undefined ? { gang: { ...given.gang, mainAddress } } : {}),
  };
  const { path, attempt, environment, ...rest } = job;
  const { store, code, storeSpec, variables, folder, graceSeconds, gangs, service, signal } = options;
  const { timeoutSeconds, image, resources = {}, batch, kubernetes } = said;
  // Without its environment: that may hold values that are never stored.
  const remote: RemoteJob = { job: { ...rest, path, attempt, environment: {} }, variables };
  const order: TaskOrder = {
    flow: path.flow,
    store: storeSpec,
    job:
      gang && gang.count > 1 && service.hasJobsOfGangs === true
        ? await gangs.handOver(gang, remote, signal)
        : await handOver(remote, store),
    code: { key: code.key, url: code.url.includes('://') ? code.url : pathToFileURL(code.url).href },
    folder,
    graceSeconds,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
  return {
    command: await bootstrapCommand(),
    environment: { ...options.environment, ...environment, [ORDER_VARIABLE]: JSON.stringify(order) },
    resources,
    timeoutSeconds: timeoutSeconds === undefined ? options.runtimeLimitSeconds : timeoutSeconds + graceSeconds + AROUND,
    labels: { ...path, attempt, user: store.user },
    ...(image === undefined ? {} : { image }),
    ...(batch ? { batch } : {}),
    ...(kubernetes ? { kubernetes } : {}),
    ...(gang ? { gang } : {}),
  };
}

function gangOf({ path, gang, index, attempt }: Job): GangPlace | undefined {
  if (!gang) return undefined;
  // All of them have the same place but for the last number, which is their own.
  const name = gangName([path.flow, path.step, ...index.slice(0, -1), attempt, path.run]);
  return { name, count: gang.count, index: gang.index };
}

/** A short job goes along with the order; a long one through the store, under a name of the run, so that nobody deletes it meanwhile. */
async function handOver(remote: RemoteJob, store: RunStore): Promise<TaskOrder['job']> {
  if (JSON.stringify(remote).length <= SHORT) return remote;
  const { path, attempt } = remote.job;
  const stored = await store.save(path.flow, remote);
  await store.saveCheckpoint(path, `job of ${path.step}/${path.task}/${attempt}`, stored);
  return { stored };
}

/** Shows what the task stored of its log and the service did not tell. */
async function completeLog({ path, attempt }: Job, store: RunStore, log: ContainerLog): Promise<void> {
  for (const stream of ['stdout', 'stderr'] as const) log.complete(stream, await store.readLog(path, attempt, stream));
}

/** Whether a container ended before the task in it could say anything of itself. */
function hasNotBegun(end: ContainerEnd): end is Extract<ContainerEnd, { reason: string }> {
  return end.kind === 'notRun';
}

/** Puts what the service says into the task's log, where people look. */
async function sayWhy({ path, attempt }: Job, store: RunStore, { reason }: { readonly reason: string }): Promise<void> {
  await store.beginAttempt(path, attempt);
  await store.appendLog(path, attempt, 'stderr', `${reason}\n`);
}
