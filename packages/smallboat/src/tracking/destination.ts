import { defineErrors } from '../kernel/index.ts';
import type { RunLine, RunStart } from './run-log.ts';

/** The next part of a run's log, for one destination. */
export interface Shipment {
  readonly run: RunStart;
  /** In the order in which they were logged; the first shipment begins with the line `start`. */
  readonly lines: readonly RunLine[];
  /** What `send` gave the last time, as it comes back from JSON; undefined the first time. */
  readonly state: unknown;
  /** What `send` gave last for the run that this one is a part of; undefined if there is none, or it was tracked elsewhere. */
  readonly parentState: unknown;
  /** The file of an artifact. */
  readonly locate: (artifact: string) => string;
  readonly signal: AbortSignal;
}

/**
 * A tracking system that the local log is sent to. It keeps nothing between calls: what it must know of a run the next
 * time (its own id of it, say) is the state that it gives.
 *
 * The same shipment may come twice, after a crash or a broken connection: the second time must change nothing where
 * the system allows that. Shipments of one run come one after the other.
 */
export interface Destination {
  /** Letters and dashes: `mlflow`. */
  readonly name: string;
  /** For messages, and to tell two of a kind apart: `mlflow:http://host:5000`. Holds no secret. */
  readonly location: string;
  /**
   * Rejects with `DESTINATION_UNREACHABLE` if it may work later, with `DESTINATION_DENIED` if nothing will work before somebody
   * changes the configuration, with `DESTINATION_REFUSED` if it is what is sent that is wrong.
   */
  send(shipment: Shipment): Promise<unknown>;
}

export const destinationErrors = defineErrors({
  DESTINATION_UNREACHABLE: (f: { location: string; problem: string; retryAfterSeconds?: number }) =>
    `${f.location} did not take what was tracked: ${f.problem}. The local log keeps it; 'smallboat track sync' sends it later.`,
  DESTINATION_DENIED: (f: { location: string; problem: string }) =>
    `${f.location} lets nothing in: ${f.problem}. Check its address and its key in the environment, then 'smallboat track sync'.`,
  DESTINATION_REFUSED: (f: { location: string; problem: string; status?: number }) =>
    `${f.location} refuses a part of what was tracked: ${f.problem}. The rest is sent; the local log keeps all.`,
});
