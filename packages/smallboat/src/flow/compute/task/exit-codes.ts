/**
 * How the process of a task ends, for whoever started it. 0 and 1: the attempt has ended in the store. Above: it has not, and the number
 * says why.
 */
export const EXIT = {
  /** The body returned, and what it returned is stored. */
  succeeded: 0,
  /** The body threw; the attempt has ended as failed. */
  failed: 1,
  /** The image has no Node, or one that is too old. */
  noNode: 66,
  /** The code package could not be fetched, or is not what it should be. */
  codeUnusable: 67,
  /** The store could not be opened, read or written. */
  storeUnreachable: 69,
  /** The body's process was lost: killed, crashed, or its module could not be loaded. */
  lost: 70,
  /** It was lost for want of memory. */
  outOfMemory: 71,
  /** The machine is being taken away. */
  machineLost: 75,
  /** As `timeout` has it. */
  timedOut: 124,
  /** Stopped by SIGTERM, as a shell has it: 128 + 15. */
  stopped: 143,
} as const;
