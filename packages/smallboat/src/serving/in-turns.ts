/** Long work, one piece after another. */
export interface InTurns {
  /** Runs `work` when its turn has come, unless `isWanted` says that nobody waits for it any more; then `drop`. */
  add(work: () => void, options: { readonly isWanted: () => boolean; readonly drop: () => void }): void;
}

/** Turns of the event loop between two pieces: libuv accepts one connection a turn. */
const TURNS = 32;

/**
 * Does long pieces of work with room between them for the event loop to take new connections. Without it each turn of the loop would hold one piece and
 * accept one connection: under too much load the queue is then in the kernel, where nobody is refused and nobody who has left is noticed.
 */
export function inTurns(): InTurns {
  const jobs: { readonly work: () => void; readonly isWanted: () => boolean; readonly drop: () => void }[] = [];
  let isRunning = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      if (job.isWanted()) job.work();
      else job.drop();
      for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    isRunning = false;
  };
  return {
    add(work, options) {
      jobs.push({ work, ...options });
      if (!isRunning) void run();
    },
  };
}
