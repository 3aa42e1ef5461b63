import { messageOf } from '../../../kernel/index.ts';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { ContainerEnd, ContainerHost, ContainerService } from '../service.ts';
import type { ComputeSettings } from '../settings.ts';
import { type KubernetesApi, kubernetesApi, kubernetesErrors } from './api.ts';
import { findCluster } from './cluster.ts';
import { gangService, mainAddress } from './gang-service.ts';
import { SESSION, jobManifest } from './manifest.ts';
import { Job, JobList, Pod, endOfJob, endOfPod, stateOfPod, unfinishedOf } from './pod-end.ts';
import { watchObjects } from './watch.ts';

/** How long a pod may be stuck at a step that cannot come to an end, a broken image name say, before it is given up: 3 minutes. */
const PATIENCE = 180_000;
/** A Job's end may be told before its pod's, which says more. Milliseconds to wait for that. */
const POD_COMES = 3000;

/** A task that runs, and what is to be told of it. */
interface Followed {
  readonly host: ContainerHost;
  readonly settle: (end: ContainerEnd) => void;
  pod?: string;
  log?: Promise<void>;
  stuckSince?: number;
}

/**
 * Kubernetes: a Job a container, in the cluster of `kubectl`. Jobs and pods of this process have a label of their own, by which they are
 * watched together. Rejects with `KUBECONFIG_UNUSABLE`.
 */
export async function kubernetesService(
  settings: ComputeSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ContainerService> {
  const { kubernetes: own } = settings;
  const session = randomBytes(6).toString('hex');
  const api = kubernetesApi(findCluster(env));
  const closing = new AbortController();
  const { signal: closed } = closing;
  /** By namespace and Job. */
  const followed = new Map<string, Followed>();
  const watches = new Set<string>();

  const watch = (namespace: string): void => {
    if (watches.has(namespace)) return;
    watches.add(namespace);
    const labelSelector = `${SESSION}=${session}`;
    const shared = { labelSelector, signal: closed, onTrouble: () => undefined };
    const onPod = (object: unknown, isGone: boolean): void => notePod(namespace, Pod.parse(object), isGone);
    const onJob = (object: unknown, isGone: boolean): void => noteJob(namespace, Job.parse(object), isGone);
    void watchObjects(api, { ...shared, path: `/api/v1/namespaces/${namespace}/pods`, onObject: onPod });
    void watchObjects(api, { ...shared, path: `/apis/batch/v1/namespaces/${namespace}/jobs`, onObject: onJob });
  };
  const notePod = (namespace: string, pod: Pod, isGone: boolean): void => {
    const { labels, name } = pod.metadata;
    const job = labels['batch.kubernetes.io/job-name'] ?? labels['job-name'] ?? '';
    const one = followed.get(`${namespace}/${job}`);
    if (!one) return;
    one.pod ??= name;
    one.host.onState(stateOfPod(pod));
    const end = endOfPod(pod);
    const hasBegun = pod.status.phase !== 'Pending' || end?.kind === 'exited';
    if (hasBegun && end?.kind !== 'notRun')
      one.log ??= readLog(api, { namespace, pod: name, signal: closed, onLog: one.host.onLog });
    if (end?.kind === 'notRun' && pod.status.phase === 'Pending') {
      // An image may come late; a name that is wrong stays wrong.
      one.stuckSince ??= Date.now();
      const left = end.reason.startsWith('InvalidImageName') ? 0 : PATIENCE - (Date.now() - one.stuckSince);
      const giveUp = async (): Promise<void> => {
        if (one.stuckSince !== undefined) await finish(namespace, job, end);
      };
      void delay(Math.max(0, left), undefined, { signal: closed }).then(giveUp, () => undefined);
      return;
    }
    delete one.stuckSince;
    if (end) void finish(namespace, job, end);
    else if (isGone) void finish(namespace, job, { kind: 'machineLost', reason: 'its pod was deleted', id: name });
  };
  const noteJob = (namespace: string, job: Job, isGone: boolean): void => {
    const { name } = job.metadata;
    if (!followed.has(`${namespace}/${name}`)) return;
    const end = isGone ? { kind: 'killed' as const, reason: 'its Job was deleted', id: name } : endOfJob(job);
    if (end) void delay(POD_COMES).then(() => finish(namespace, name, end));
  };
  /** Once: the first end that is told counts. The log is read to its end before. */
  const finish = async (namespace: string, job: string, end: ContainerEnd): Promise<void> => {
    const key = `${namespace}/${job}`;
    const one = followed.get(key);
    if (!one) return;
    followed.delete(key);
    await Promise.race([one.log, delay(POD_COMES)]);
    one.settle(end);
  };

  return {
    name: 'Kubernetes',
    size: settings.maxJobs,
    mainAddress: ({ kubernetes }, gang) => mainAddress(gang, kubernetes?.namespace ?? own.namespace),
    async run(container, host) {
      const { signal } = host;
      const manifest = jobManifest({ container, settings: own, session });
      const { namespace, name } = manifest.metadata;
      const path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
      const { promise, resolve: settle } = Promise.withResolvers<ContainerEnd>();
      followed.set(`${namespace}/${name}`, { host, settle });
      const stop = async (): Promise<void> => {
        followed.delete(`${namespace}/${name}`);
        await deleteJob(api, namespace, name).catch(() => undefined);
        settle({ kind: 'stopped', id: name });
      };
      try {
        host.onState('being submitted');
        const uid = await create(api, path, manifest);
        watch(namespace);
        if (container.gang?.index === 0) {
          const made = gangService(container.gang, manifest, uid);
          await create(api, `/api/v1/namespaces/${namespace}/services`, made);
        }
      } catch (error) {
        await stop();
        return { kind: 'notRun', reason: messageOf(error) };
      }
      const onAbort = (): void => void stop();
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      const end = await promise;
      signal?.removeEventListener('abort', onAbort);
      // One that cannot start would be tried for ever.
      if (end.kind === 'notRun') await stop();
      return end;
    },
    unfinished: async () => {
      const query = { labelSelector: 'app.kubernetes.io/part-of=smallboat' };
      const list = JobList.parse(await api.call('GET', `/apis/batch/v1/namespaces/${own.namespace}/jobs`, { query }));
      return list.items.filter((job) => endOfJob(job) === undefined).map(unfinishedOf);
    },
    stop: (name) => deleteJob(api, own.namespace, name),
    [Symbol.asyncDispose]: () => {
      closing.abort();
      api.close();
      return Promise.resolve();
    },
  };
}

/** Deletes a Job, and its pods with it, by their own grace. */
async function deleteJob(api: KubernetesApi, namespace: string, name: string): Promise<void> {
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
  await api.call('DELETE', `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`, { body });
}

const Made = z.looseObject({ metadata: z.looseObject({ uid: z.string().default('') }) });

/** Makes a Job, or a Service. Where one of its name is there, it is ours: the answer to an earlier try was lost. @returns its uid. */
async function create(
  api: KubernetesApi,
  path: string,
  manifest: { readonly metadata: { readonly name: string } },
): Promise<string> {
  try {
    return Made.parse(await api.call('POST', path, { body: manifest })).metadata.uid;
  } catch (error) {
    if (!kubernetesErrors.KUBERNETES_REFUSED.is(error) || error.facts.status !== 409) throw error;
    return Made.parse(await api.call('GET', `${path}/${manifest.metadata.name}`)).metadata.uid;
  }
}

interface LogOf {
  readonly namespace: string;
  readonly pod: string;
  readonly signal: AbortSignal;
  readonly onLog: ContainerHost['onLog'];
}

/** Reads a pod's log as it grows, to its end. */
async function readLog(api: KubernetesApi, { namespace, pod, signal, onLog }: LogOf): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
  try {
    for await (const line of api.lines(path, { query: { follow: 'true' }, signal })) onLog('stdout', `${line}\n`);
  } catch (error) {
    if (signal.aborted) return;
    onLog('stderr', `the log of pod ${pod} cannot be read: ${messageOf(error)}\n`);
  }
}
