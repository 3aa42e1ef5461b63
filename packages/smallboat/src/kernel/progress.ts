/** What a long job says of itself while it runs: the fraction done, from 0 to 1, and a few words. */
export type Progress = (fraction: number, message?: string) => void;

/** What every long call takes. */
export interface WorkOptions {
  /** Stops the work: the call rejects with the signal's reason and leaves nothing half-written. */
  readonly signal?: AbortSignal;
  readonly onProgress?: Progress;
}
