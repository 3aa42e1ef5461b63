/** How far a process is behind what it is asked. */
export interface Lateness {
  /** Milliseconds that the present turn of the event loop has taken, beyond what a turn may. 0 where it keeps up. */
  readonly behindMs: () => number;
  readonly stop: () => void;
}

const EVERY_MS = 20;

/**
 * Watches the event loop by a timer that is due every 20 ms. While requests come faster than they are answered, one turn of the loop holds more and more
 * of them: those at its end have waited for the time that the turn has lasted. Within a turn the timer cannot fire, so the time since it last did is
 * how far behind we are, and the first request that is refused for it already shortens the turn.
 */
export function lateness(timer: () => number = () => performance.now()): Lateness {
  let last = timer();
  const ticking = setInterval(() => (last = timer()), EVERY_MS);
  ticking.unref();
  return { behindMs: () => Math.max(0, timer() - last - EVERY_MS), stop: () => clearInterval(ticking) };
}
