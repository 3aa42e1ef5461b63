import type { BatchOptions, Compute, KubernetesOptions } from '../options.ts';
import type { LogStream } from '../engine/job.ts';

/** A service that runs containers: where the tasks of `compute: 'batch'` and `compute: 'kubernetes'` run. */
export interface ContainerService extends AsyncDisposable {
  /** For people: `AWS Batch`. */
  readonly name: string;
  /** Tasks that are given to it at once. */
  readonly size: number;
  /**
   * Runs one container from its submission to its end. When `signal` aborts, the container is told to end, and this settles soon after with
   * `stopped`. What goes wrong with the service itself is an end too (`notRun`): it never rejects.
   */
  run(container: Container, host: ContainerHost): Promise<ContainerEnd>;
  /**
   * A gang is one job whose containers are alike but for their number: all are given the same environment. Its members are run at the same time,
   * and the job is the first one's.
   */
  readonly hasJobsOfGangs?: boolean;
  /** Where the main container of a gang will be found, where that is known before it is there. */
  mainAddress?(container: Pick<Container, 'kubernetes'>, gang: GangPlace): string;
  /** Jobs of ours that have not ended, whoever started them: also those of runs that were killed. */
  unfinished(): Promise<readonly UnfinishedJob[]>;
  /** Has a job end. */
  stop(id: string): Promise<void>;
}

/** A job that the service has, and that has not ended. */
export interface UnfinishedJob {
  readonly id: string;
  /** In the service's words. */
  readonly state: string;
  /** Whose it is, as far as the service was told. */
  readonly labels: Readonly<Record<keyof TaskLabels, string>>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** What a container is to be. */
export interface Container {
  readonly command: readonly string[];
  /** Default: the image that the service's settings name. */
  readonly image?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly resources: Needs;
  /** When the service ends it, whatever it does, in seconds. */
  readonly timeoutSeconds: number;
  /** Whose it is: the service names it so. No other container has the same. */
  readonly labels: TaskLabels;
  readonly batch?: BatchOptions;
  readonly kubernetes?: KubernetesOptions;
  /** One of several that run at the same time. */
  readonly gang?: GangPlace;
}

/** A container's place in its gang. */
export interface GangPlace {
  /** The same for all of them, and for no others: a label of DNS. */
  readonly name: string;
  readonly count: number;
  /** From 0: the first is the main one. */
  readonly index: number;
}

/** What a container needs; what is left out is as the service has it. */
export interface Needs {
  readonly cpu?: number;
  readonly gpu?: number;
  readonly memoryMiB?: number;
  readonly diskMiB?: number;
  readonly sharedMemoryMiB?: number;
}

export interface TaskLabels {
  readonly flow: string;
  readonly run: string;
  readonly step: string;
  readonly task: string;
  readonly attempt: number;
  readonly user: string;
}

export interface ContainerHost {
  readonly signal?: AbortSignal;
  /** What the container prints, in pieces of any size. */
  readonly onLog: (stream: LogStream, text: string) => void;
  /** How far the service is with it, in its own words: `RUNNABLE`, `Pod is pending`. */
  readonly onState: (state: string) => void;
}

/** How a container ended. `reason`: what the service says of it, to go on from "its container". */
export type ContainerEnd =
  /** By itself. */
  | { readonly kind: 'exited'; readonly exitCode: number; readonly reason?: string; readonly id: string }
  | { readonly kind: 'outOfMemory'; readonly reason: string; readonly id: string }
  /** Its machine was taken away, or it was moved off it. */
  | { readonly kind: 'machineLost'; readonly reason: string; readonly id: string }
  | { readonly kind: 'timedOut'; readonly reason: string; readonly id: string }
  /** From outside: by a person, or a rule of the service. */
  | { readonly kind: 'killed'; readonly reason: string; readonly id: string }
  /** We had it stopped. */
  | { readonly kind: 'stopped'; readonly id?: string }
  /** It never began: the service did not take it, or could not start it. */
  | { readonly kind: 'notRun'; readonly reason: string; readonly id?: string };

/** The kinds of compute that are services. */
export type RemoteCompute = Exclude<Compute, 'local'>;
