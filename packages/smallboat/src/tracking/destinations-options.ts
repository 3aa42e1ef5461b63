/** The tracking systems that runs can be sent to. */
export const TRACKERS = ['mlflow', 'wandb', 'comet'] as const;
export type TrackerName = (typeof TRACKERS)[number];

/** Which tracking systems are asked for. */
export interface DestinationsOptions {
  /** The folder of the local log. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Only these; each must then be configured. Default: all that the environment configures. */
  readonly trackers?: readonly TrackerName[];
}
