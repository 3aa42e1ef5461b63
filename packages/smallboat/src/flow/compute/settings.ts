import * as z from 'zod';
import { defineErrors } from '../../kernel/index.ts';
import { type MetaflowConfigOptions, readMetaflowConfig } from '../metaflow/metaflow-config.ts';

export const computeSettingErrors = defineErrors({
  COMPUTE_SETTING_INVALID: (f: { name: string; value: string; wanted: string }) =>
    `${f.name} is '${f.value}', and should be ${f.wanted}. It is read from the environment, then from Metaflow's configuration file.`,
});

/** Where tasks run that do not run on this machine, as Metaflow's configuration and ours say. What is absent is not chosen. */
export interface ComputeSettings {
  /** Region of AWS. */
  readonly region?: string;
  /** Jobs that are given to a service at once. */
  readonly maxJobs: number;
  /** When a service ends a job whose step has no limit of its own, in seconds: METAFLOW_DEFAULT_RUNTIME_LIMIT. */
  readonly runtimeLimitSeconds: number;
  /** A store that is a folder lies at the same path in every container: a network file system. */
  readonly isFolderShared: boolean;
  /** The metadata service as containers reach it, where that is by another URL. */
  readonly serviceUrl?: string;
  /** Where the image has packages that are in no code package: a folder `node_modules`. */
  readonly packages?: string;
  readonly batch: BatchSettings;
  readonly kubernetes: KubernetesSettings;
}

export interface BatchSettings {
  readonly queue?: string;
  readonly image: string;
  readonly jobRole?: string;
  readonly executionRole?: string;
  readonly emitsTags: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface KubernetesSettings {
  readonly namespace: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly imagePullSecrets: readonly string[];
  readonly serviceAccount?: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Readonly<Record<string, unknown>>[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Persistent volume claims by name, with the path that each is mounted at. */
  readonly volumeClaims: Readonly<Record<string, string>>;
  readonly gpuVendor: string;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  readonly sharedMemoryMiB?: number;
  readonly qos: 'guaranteed' | 'burstable' | 'besteffort';
  /** How long the cluster keeps a job that has ended, in seconds. */
  readonly keepSeconds: number;
}

/** Gives a setting by its whole name: `METAFLOW_BATCH_JOB_QUEUE`; undefined where nobody says one. */
export type Setting = (name: string) => string | undefined;

/** Settings of the environment, and those of Metaflow also from its configuration files. Throws `metaflowConfigErrors`. */
export function settingsIn(options: MetaflowConfigOptions): Setting {
  const config = readMetaflowConfig(options);
  return (name) => (name.startsWith('METAFLOW_') ? config.get(name.slice('METAFLOW_'.length)) : options.env[name]);
}

/** The image of tasks whose step and settings name none: Node, and nothing else. */
export function defaultImage(version = process.versions.node): string {
  return `node:${version.split('.')[0] ?? ''}-slim`;
}

/** Reads the settings under Metaflow's names and ours (SMALLBOAT_*), with Metaflow's defaults. Throws `COMPUTE_SETTING_INVALID`. */
export function computeSettings(setting: Setting): ComputeSettings {
  const read = readerOf(setting);
  const { text } = read;
  const region = text('AWS_REGION') ?? text('AWS_DEFAULT_REGION');
  return {
    ...(region === undefined ? {} : { region }),
    maxJobs: read.number('SMALLBOAT_MAX_JOBS') ?? 100,
    runtimeLimitSeconds: read.number('METAFLOW_DEFAULT_RUNTIME_LIMIT') ?? 5 * 86_400,
    isFolderShared: read.isTrue('SMALLBOAT_SHARED_FOLDER'),
    ...entry('serviceUrl', text('METAFLOW_SERVICE_INTERNAL_URL')),
    ...entry('packages', text('SMALLBOAT_NODE_MODULES')),
    batch: batchSettings(read),
    kubernetes: kubernetesSettings(read),
  };
}

function batchSettings({ text, json, isTrue, image }: Reader): BatchSettings {
  return {
    ...entry('queue', text('METAFLOW_BATCH_JOB_QUEUE')),
    image: image('METAFLOW_BATCH'),
    ...entry('jobRole', text('METAFLOW_ECS_S3_ACCESS_IAM_ROLE')),
    ...entry('executionRole', text('METAFLOW_ECS_FARGATE_EXECUTION_ROLE')),
    emitsTags: isTrue('METAFLOW_BATCH_EMIT_TAGS'),
    tags: json('METAFLOW_BATCH_DEFAULT_TAGS', z.record(z.string(), z.string()), 'a JSON object of texts') ?? {},
  };
}

function kubernetesSettings({ text, json, pairs, list, number, image }: Reader): KubernetesSettings {
  const tolerations = json(
    'METAFLOW_KUBERNETES_TOLERATIONS',
    z.array(z.record(z.string(), z.unknown())),
    'a JSON list',
  );
  const claims = 'METAFLOW_KUBERNETES_PERSISTENT_VOLUME_CLAIMS';
  return {
    namespace: text('METAFLOW_KUBERNETES_NAMESPACE') ?? 'default',
    image: image('METAFLOW_KUBERNETES'),
    ...entry('imagePullPolicy', text('METAFLOW_KUBERNETES_IMAGE_PULL_POLICY')),
    imagePullSecrets: json('METAFLOW_KUBERNETES_IMAGE_PULL_SECRETS', z.array(z.string()), 'a JSON list of names') ?? [],
    ...entry('serviceAccount', text('METAFLOW_KUBERNETES_SERVICE_ACCOUNT')),
    nodeSelector: pairs('METAFLOW_KUBERNETES_NODE_SELECTOR'),
    tolerations: tolerations ?? [],
    labels: pairs('METAFLOW_KUBERNETES_LABELS'),
    annotations: pairs('METAFLOW_KUBERNETES_ANNOTATIONS'),
    secrets: list('METAFLOW_KUBERNETES_SECRETS'),
    volumeClaims: json(claims, z.record(z.string(), z.string()), 'a JSON object of paths by name') ?? {},
    gpuVendor: text('METAFLOW_KUBERNETES_GPU_VENDOR') ?? 'nvidia',
    cpu: number('METAFLOW_KUBERNETES_CPU') ?? 1,
    memoryMiB: number('METAFLOW_KUBERNETES_MEMORY') ?? 4096,
    diskMiB: number('METAFLOW_KUBERNETES_DISK') ?? 10_240,
    ...entry('sharedMemoryMiB', number('METAFLOW_KUBERNETES_SHARED_MEMORY')),
    qos: qosOf(text('METAFLOW_KUBERNETES_QOS') ?? 'burstable'),
    keepSeconds: number('METAFLOW_KUBERNETES_JOB_TTL_SECONDS_AFTER_FINISHED') ?? 7 * 86_400,
  };
}

function qosOf(given: string): KubernetesSettings['qos'] {
  const name = given.toLowerCase();
  if (name === 'guaranteed' || name === 'burstable' || name === 'besteffort') return name;
  const wanted = 'Guaranteed, Burstable or BestEffort';
  throw computeSettingErrors.COMPUTE_SETTING_INVALID({ name: 'METAFLOW_KUBERNETES_QOS', value: given, wanted });
}

type Reader = ReturnType<typeof readerOf>;

function readerOf(setting: Setting) {
  const text = (name: string): string | undefined => {
    const value = setting(name);
    // Metaflow's configuration tools write what is not set as an empty text, or as None.
    return value === undefined || value === '' || value === 'None' ? undefined : value;
  };
  const fail = (name: string, wanted: string): never => {
    throw computeSettingErrors.COMPUTE_SETTING_INVALID({ name, value: setting(name) ?? '', wanted });
  };
  const number = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const parsed = Number(value);
    return parsed > 0 ? parsed : fail(name, 'a number above 0');
  };
  const json = <T>(name: string, schema: z.ZodType<T>, wanted: string): T | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(value));
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError) return fail(name, wanted);
      throw error;
    }
  };
  const list = (name: string): string[] =>
    (text(name) ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  return {
    text,
    number,
    json,
    list,
    isTrue: (name: string) => ['1', 'true', 'yes'].includes(text(name)?.toLowerCase() ?? ''),
    /** `a=b,c=d` */
    pairs: (name: string) =>
      Object.fromEntries(
        list(name).map((part): [string, string] => {
          const at = part.indexOf('=');
          return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
        }),
      ),
    /** The image for a service, with the registry before it where it names none. */
    image: (service: 'METAFLOW_BATCH' | 'METAFLOW_KUBERNETES'): string => {
      const named =
        text('SMALLBOAT_IMAGE') ?? text(`${service}_CONTAINER_IMAGE`) ?? text('METAFLOW_DEFAULT_CONTAINER_IMAGE');
      return withRegistry(
        named ?? defaultImage(),
        text(`${service}_CONTAINER_REGISTRY`) ?? text('METAFLOW_DEFAULT_CONTAINER_REGISTRY'),
      );
    },
  };
}

/** Puts a registry before an image that names none: `node:24` has none, `ghcr.io/shop/node:24` has. */
export function withRegistry(image: string, registry: string | undefined): string {
  const [host = ''] = image.split('/');
  const hasRegistry = image.includes('/') && (/[.:]/.test(host) || host === 'localhost');
  return registry === undefined || hasRegistry ? image : `${registry.replace(/\/+$/, '')}/${image}`;
}

function entry<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>); // One entry, of this name.
}
