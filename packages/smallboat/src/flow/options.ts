import type { Secret } from './secrets.ts';

/** What a step needs from the machine that runs it. */
export interface Resources {
  /** Virtual CPUs. On this machine a task takes that many of the places that `--max-workers` gives. */
  readonly cpu?: number;
  /** GPUs. A local run ignores it. */
  readonly gpu?: number;
  /** Memory, in MiB. On this machine a task that takes more is ended as out of memory. */
  readonly memoryMiB?: number;
  /** Disk, in MiB. A local run ignores it. */
  readonly diskMiB?: number;
  /** Shared memory (`/dev/shm`), in MiB. A local run ignores it. */
  readonly sharedMemoryMiB?: number;
}

/** How often, and how patiently, a failed step is tried again. */
export interface Retry {
  /** Attempts after the first: a whole number, at least 0. */
  readonly times: number;
  /** Wait before the first retry, in seconds; it doubles each time. Default 1. */
  readonly backoffSeconds?: number;
}

/** A value read from the environment of the machine that starts the run; it is never stored. */
export interface EnvRef {
  readonly env: string;
}

/** A value for `environment` that stays out of the code: `environment: { WANDB_API_KEY: env('WANDB_API_KEY') }`. */
export function env(name: string): EnvRef {
  return { env: name };
}

/** Where the tasks of a step run: in a process of this machine, or as a job of a service. */
export type Compute = 'local' | 'batch' | 'kubernetes';

/** AWS Batch: what a step says beside its `resources` and `image`. */
export interface BatchOptions {
  readonly queue?: string;
  /** ARN of the role that the job has. */
  readonly jobRole?: string;
  /** ARN of the role that starts a job on Fargate. */
  readonly executionRole?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Kubernetes: what a step says beside its `resources` and `image`. */
export interface KubernetesOptions {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Readonly<Record<string, string>>[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What may be said of a step beside its body. */
export interface StepOptions {
  /** What the step is for, in a sentence: on cards and in listings. */
  readonly about?: string;
  readonly resources?: Resources;
  readonly retry?: Retry;
  /** Environment variables that the body sees, on top of those of the process. */
  readonly environment?: Readonly<Record<string, string | EnvRef>>;
  /** Secrets that the body sees as environment variables. They are fetched where the body runs, and never stored. */
  readonly secrets?: readonly Secret[];
  /** Wall-clock limit of one attempt, in seconds. */
  readonly timeoutSeconds?: number;
  /** False for a step that is more than its inputs say: one that asks the clock, draws by chance, or writes elsewhere. Default true. */
  readonly cache?: boolean;
  /** Files that the body reads beside its inputs, as patterns from the folder of the file that declares it: `['./sql/*.sql']`. */
  readonly files?: readonly string[];
  /** Where its tasks run. Default: as the run says, else `local`. */
  readonly compute?: Compute;
  /** Container image for its tasks where they run as jobs. */
  readonly image?: string;
  readonly batch?: BatchOptions;
  readonly kubernetes?: KubernetesOptions;
}

/** What a flow says of its code package, beside what its imports tell. */
export interface CodeOptions {
  /** Files that bodies read, as patterns from the folder of the flow's `package.json`: `['sql/**\/*.sql', 'labels.json']`. */
  readonly include?: readonly string[];
  /** Packages that are not put in: the image brings them. Those with machine code are found without it. */
  readonly external?: readonly string[];
  /** The size that it may have when it is packed, in MB. Default 50. */
  readonly maxMegabytes?: number;
}

/** When a deployed flow is run. */
export interface Schedule {
  /** Minute, hour, day of the month, month, day of the week, as in crontab: `30 6 * * 1-5`. */
  readonly cron: string;
  /** A name of the IANA's time zones: `Europe/Rome`. Default `UTC`. */
  readonly timeZone?: string;
}

/** What starts a deployed flow. */
export interface Trigger {
  /** Names of events: EventBridge's `detail-type`, an asset of Airflow, an event of Argo Events or Prefect. */
  readonly events?: readonly string[];
  /** Flows whose runs, when they end well, start it: names of flows, within its project and branch. */
  readonly onFinishOf?: readonly string[];
}
