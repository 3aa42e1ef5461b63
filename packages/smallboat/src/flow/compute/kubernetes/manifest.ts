import { sha256 } from '../../../kernel/index.ts';
import { GANG, podHost } from './gang-service.ts';
import type { Container, TaskLabels } from '../service.ts';
import type { KubernetesSettings } from '../settings.ts';

/** A manifest of `batch/v1`: plain data, as the API server takes it. */
export interface JobManifest {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly metadata: ManifestMetadata & { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface ManifestMetadata {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ManifestOptions {
  readonly container: Container;
  readonly settings: KubernetesSettings;
  /** Tells the pods of this process from all others. */
  readonly session: string;
}

/** The label that has `session`. */
export const SESSION = 'smallboat/session';

/** What a pod learns of itself, under Metaflow's names. */
const DOWNWARD = {
  METAFLOW_KUBERNETES_POD_NAMESPACE: 'metadata.namespace',
  METAFLOW_KUBERNETES_POD_NAME: 'metadata.name',
  METAFLOW_KUBERNETES_POD_ID: 'metadata.uid',
  METAFLOW_KUBERNETES_SERVICE_ACCOUNT_NAME: 'spec.serviceAccountName',
  METAFLOW_KUBERNETES_NODE_IP: 'status.hostIP',
} as const;

/** The Job for a container. What the step says goes over what the settings say; labels of both are kept. */
export function jobManifest({ container, settings, session }: ManifestOptions): JobManifest {
  const { labels: task, kubernetes: own = {}, resources, gang } = container;
  const namespace = own.namespace ?? settings.namespace;
  const labels = {
    ...settings.labels,
    ...own.labels,
    'app.kubernetes.io/name': 'smallboat-task',
    'app.kubernetes.io/part-of': 'smallboat',
    [SESSION]: session,
    ...(gang ? { [GANG]: gang.name } : {}),
  };
  const annotations = { ...settings.annotations, ...own.annotations, ...annotationsOf(task) };
  const sharedMemoryMiB = resources.sharedMemoryMiB ?? settings.sharedMemoryMiB;
  const claims = Object.entries(settings.volumeClaims);
  const volumes = [
    ...(sharedMemoryMiB === undefined
      ? []
      : [{ name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: `${Math.ceil(sharedMemoryMiB)}Mi` } }]),
    ...claims.map(([claimName]) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  ];
  const volumeMounts = [
    ...(sharedMemoryMiB === undefined ? [] : [{ name: 'shared-memory', mountPath: '/dev/shm' }]),
    ...claims.map(([name, mountPath]) => ({ name, mountPath })),
  ];
  const serviceAccountName = own.serviceAccount ?? settings.serviceAccount;
  const nodeSelector = own.nodeSelector ?? settings.nodeSelector;
  const tolerations = own.tolerations ?? settings.tolerations;
  const pod = {
    activeDeadlineSeconds: Math.ceil(container.timeoutSeconds),
    restartPolicy: 'Never',
    ...(gang ? { hostname: podHost(gang), subdomain: gang.name } : {}),
    // Long enough for a body to end by its signal.
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        name: 'task',
        image: container.image ?? settings.image,
        ...(settings.imagePullPolicy === undefined ? {} : { imagePullPolicy: settings.imagePullPolicy }),
        command: [...container.command],
        env: environmentOf(container.environment),
        ...(settings.secrets.length > 0 ? { envFrom: settings.secrets.map((name) => ({ secretRef: { name } })) } : {}),
        resources: resourcesOf(container, settings),
        terminationMessagePolicy: 'FallbackToLogsOnError',
        ...(volumeMounts.length > 0 ? { volumeMounts } : {}),
      },
    ],
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
    ...(settings.imagePullSecrets.length > 0
      ? { imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })) }
      : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: objectName(task), namespace, labels, annotations },
    spec: {
      // Retries are ours.
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      ttlSecondsAfterFinished: settings.keepSeconds,
      template: { metadata: { labels, annotations }, spec: pod },
    },
  };
}

/**
 * A name that no other attempt has, and that tells people whose it is: `intent-train-4-0-1f09ab37`. Lower-case letters, digits and `-`, 63 at
 * most.
 */
export function objectName(task: TaskLabels): string {
  const own = [task.flow, task.step, task.task, task.attempt]
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  const hash = sha256(JSON.stringify([task.user, task.flow, task.run, task.step, task.task, task.attempt])).slice(0, 8);
  return `${own.slice(0, 54).replace(/^-+|-+$/g, '')}-${hash}`.replace(/^-/, 'task-');
}

function annotationsOf({ user, flow, run, step, task, attempt }: TaskLabels): Record<string, string> {
  return {
    'metaflow/user': user,
    'metaflow/flow_name': flow,
    'metaflow/run_id': run,
    'metaflow/step_name': step,
    'metaflow/task_id': task,
    'metaflow/attempt': String(attempt),
  };
}

function environmentOf(environment: Readonly<Record<string, string>>): unknown[] {
  return [
    // A $( in a value would be taken for a variable.
    ...Object.entries(environment).map(([name, value]) => ({ name, value: value.replaceAll('$(', '$$$(') })),
    ...Object.entries(DOWNWARD).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
  ];
}

/** As Metaflow asks: `burstable` for at least so much, `guaranteed` for just so much. GPUs are a limit in either. */
function resourcesOf({ resources }: Container, settings: KubernetesSettings): Readonly<Record<string, unknown>> {
  const { cpu = settings.cpu, memoryMiB = settings.memoryMiB, diskMiB = settings.diskMiB, gpu } = resources;
  const wanted = {
    cpu: String(cpu),
    memory: `${Math.ceil(memoryMiB)}Mi`,
    'ephemeral-storage': `${Math.ceil(diskMiB)}Mi`,
  };
  const gpus = gpu === undefined ? {} : { [`${settings.gpuVendor.toLowerCase()}.com/gpu`]: String(gpu) };
  const limits = { ...(settings.qos === 'guaranteed' ? wanted : {}), ...gpus };
  return {
    ...(settings.qos === 'besteffort' ? {} : { requests: wanted }),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  };
}
