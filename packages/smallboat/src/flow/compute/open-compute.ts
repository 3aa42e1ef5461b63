import { defineErrors } from '../../kernel/index.ts';
import type { Dag, StepNode } from '../definition.ts';
import type { Job, Workers } from '../engine/job.ts';
import type { CodeOptions } from '../options.ts';
import type { StoreSpec } from '../store/open-run-store.ts';
import type { CodePackage, RunStore } from '../store/run-store.ts';
import { gangOrders } from './gang-orders.ts';
import { handedOn } from './handed-on.ts';
import { runRemotely } from './remote-workers.ts';
import type { ContainerService, RemoteCompute } from './service.ts';
import { type ComputeSettings, computeSettings, settingsIn } from './settings.ts';
import { specInContainer } from './spec-in-container.ts';
import { folderInCode, storeCode } from './store-code.ts';

export const computeErrors = defineErrors({
  STORE_NOT_SHARED: (f: { location: string; service: string; steps: string }) =>
    `The runs are kept in ${f.location}, which the jobs of ${f.service} cannot reach (steps: ${f.steps}). Keep them in S3 (METAFLOW_DEFAULT_DATASTORE=s3, METAFLOW_DATASTORE_SYSROOT_S3=s3://…), or set SMALLBOAT_SHARED_FOLDER=1 where that folder is a network file system that they mount at the same path.`,
});

export interface ComputeOptions {
  readonly dag: Dag;
  /** What runs the steps that run here. */
  readonly local: Workers;
  readonly store: RunStore;
  /** Where the store is; absent where it was given open, and no other process can open it. */
  readonly storeSpec?: StoreSpec;
  /** URL of the module that exports the flow. */
  readonly module: string;
  /** What the flow says of its code package. */
  readonly code?: CodeOptions | undefined;
  /** What the flow's module read as configuration, as environment variables. */
  readonly variables: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Attempts at once on each service. Default: as the settings say. */
  readonly maxJobs?: number;
  readonly graceSeconds?: number;
}

/** What a run with steps elsewhere is made with. */
export interface Compute {
  readonly workers: Workers;
  readonly code: CodePackage;
}

/** How long a body in a container may take to stop when it is told to, in seconds. Services wait for half a minute. */
const GRACE = 25;

/** The steps of a flow that run on a service, by service. */
function remoteSteps({ steps }: Dag): ReadonlyMap<RemoteCompute, readonly StepNode[]> {
  const found = new Map<RemoteCompute, StepNode[]>();
  for (const step of steps) {
    const { compute = 'local' } = step.options;
    if (compute !== 'local') found.set(compute, [...(found.get(compute) ?? []), step]);
  }
  return found;
}

const NAMES: Readonly<Record<RemoteCompute, string>> = { batch: 'AWS Batch', kubernetes: 'Kubernetes' };

/**
 * Makes what runs each attempt where its step says: here, or as a job of a service. Settings, services and the code package are ready when it
 * resolves. Rejects with `STORE_NOT_SHARED`, with the errors of settings and services, and as `packCode` does.
 */
export async function openCompute(options: ComputeOptions): Promise<Compute> {
  const { dag, store, storeSpec, module } = options;
  const { env, cwd } = options;
  const settings = computeSettings(settingsIn({ env, cwd }));
  const remote = remoteSteps(dag);
  const spec = reachable(remote, { ...(storeSpec ? { storeSpec } : {}), settings, location: store.location });
  const opened = [...remote.keys()].map(
    async (compute) => [compute, await openService(compute, settings, env)] as const,
  );
  const [code, ...services] = await Promise.all([
    storeCode(store, { module, flow: dag.flow, code: options.code }),
    ...opened,
  ]);
  return { code, workers: route({ ...options, storeSpec: spec, code, settings, services: new Map(services) }) };
}

/** The store as containers reach it. Throws `STORE_NOT_SHARED`. */
function reachable(
  remote: ReturnType<typeof remoteSteps>,
  at: { readonly storeSpec?: StoreSpec; readonly settings: ComputeSettings; readonly location: string },
): StoreSpec {
  const { storeSpec, settings, location } = at;
  if (storeSpec && (storeSpec.datastore || settings.isFolderShared)) return specInContainer(storeSpec, settings);
  const [[compute, steps] = ['batch', []] as const] = remote;
  const names = steps.map(({ name }) => name).join(', ');
  throw computeErrors.STORE_NOT_SHARED({ location, service: NAMES[compute], steps: names });
}

/** Opens a service: its SDK is loaded now, and that of no other. */
export async function openService(
  compute: RemoteCompute,
  settings: ComputeSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ContainerService> {
  if (compute === 'batch') return (await import('./batch/batch-service.ts')).batchService(settings);
  return (await import('./kubernetes/kubernetes-service.ts')).kubernetesService(settings, env);
}

interface Route extends Omit<ComputeOptions, 'code'> {
  readonly storeSpec: StoreSpec;
  readonly code: CodePackage;
  readonly settings: ComputeSettings;
  readonly services: ReadonlyMap<RemoteCompute, ContainerService>;
}

/** What takes the place of a failed task (`catch`) is computed here wherever its step runs, as in Metaflow. */
function route(options: Route): Workers {
  const { dag, local, services, settings, store } = options;
  const computes = new Map(dag.steps.map(({ name, options: { compute = 'local' } }) => [name, compute]));
  const serviceOf = ({ step, failure }: Pick<Job, 'step' | 'failure'>): ContainerService | undefined => {
    const compute = computes.get(step) ?? 'local';
    return compute === 'local' || failure !== undefined ? undefined : services.get(compute);
  };
  const remote = {
    dag,
    store,
    storeSpec: options.storeSpec,
    code: options.code,
    variables: options.variables,
    environment: {
      ...handedOn(options.env, { isTraced: true }),
      METAFLOW_USER: store.user,
      ...(settings.region === undefined ? {} : { AWS_REGION: settings.region, AWS_DEFAULT_REGION: settings.region }),
      ...(settings.packages === undefined ? {} : { SMALLBOAT_NODE_MODULES: settings.packages }),
    },
    folder: folderInCode(options.module, options.cwd),
    graceSeconds: options.graceSeconds ?? GRACE,
    runtimeLimitSeconds: settings.runtimeLimitSeconds,
    gangs: gangOrders(store),
  };
  return {
    size: local.size,
    elsewhere: { size: options.maxJobs ?? settings.maxJobs, has: (job) => serviceOf(job) !== undefined },
    run(job, jobOptions = {}) {
      const service = serviceOf(job);
      return service ? runRemotely(job, jobOptions, { ...remote, service }) : local.run(job, jobOptions);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([local, ...services.values()].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}
