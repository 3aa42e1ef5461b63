import { defineErrors } from '../../kernel/index.ts';
import type { TaskError } from './job.ts';

export const gangErrors = defineErrors({
  GANG_TOO_WIDE: (f: { step: string; count: number; cpu: number; size: number }) =>
    `Step '${f.step}' runs as ${f.count} tasks at once${f.cpu > 1 ? ` of ${f.cpu} CPUs each` : ''}, and no more than ${f.size} run at once here. Raise --max-workers to ${f.count * f.cpu}, or have the step run elsewhere.`,
  GANG_COUNT_INVALID: (f: { step: string; found: string }) =>
    `The number of tasks of the gang around '${f.step}' is ${f.found}. Give it a whole number from 1.`,
  GANG_BROKEN: (f: { task: string; other: string; message: string }) =>
    `${f.task} was ended because ${f.other}, of the same gang, failed: ${f.message}`,
});

/** The tasks of one step that run at the same time. An attempt begins when all have a place, and counts only if all end well. */
export interface Gang {
  readonly size: number;
  /** Waits until every member is here for this attempt, and `take` has given all of them their places. `take` of the last is called. */
  enter(attempt: number, take: () => Promise<void>): Promise<Turn>;
}

/** One attempt of a member. */
export interface Turn {
  /** Aborts when another member has failed. */
  readonly signal: AbortSignal;
  /** Says how it ended; waits for the others. @returns the same, or what broke the gang. The member that failed first is answered first. */
  leave<T extends object>(own: Ended<T>): Promise<Ended<T>>;
  /** Says that this member does not come back, so that nobody waits for it: now or in another attempt. */
  abandon(reason: unknown): void;
}

export type Ended<T> = { readonly done: T } | { readonly task: string; readonly error: TaskError };

interface Round {
  readonly stop: AbortController;
  readonly begun: PromiseWithResolvers<void>;
  readonly over: PromiseWithResolvers<void>;
  entered: number;
  left: number;
  broken?: { readonly task: string; readonly error: TaskError };
}

export function gangOf(size: number): Gang {
  const rounds = new Map<number, Round>();
  let abandoned: { readonly reason: unknown } | undefined;
  const abandon = (reason: unknown): void => {
    abandoned ??= { reason };
    for (const { begun, over, stop } of rounds.values()) {
      begun.reject(reason);
      over.reject(reason);
      stop.abort('The run is being stopped');
    }
  };
  const roundOf = (attempt: number): Round => {
    const known = rounds.get(attempt);
    if (known) return known;
    const fresh: Round = {
      stop: new AbortController(),
      begun: Promise.withResolvers(),
      over: Promise.withResolvers(),
      entered: 0,
      left: 0,
    };
    // Whoever waits is told; there may be nobody.
    fresh.begun.promise.catch(() => undefined);
    fresh.over.promise.catch(() => undefined);
    rounds.set(attempt, fresh);
    return fresh;
  };
  return {
    size,
    async enter(attempt, take) {
      if (abandoned) throw abandoned.reason;
      const round = roundOf(attempt);
      round.entered += 1;
      if (round.entered === size) take().then(round.begun.resolve, round.begun.reject);
      await round.begun.promise;
      return { ...turnIn(round, size), abandon };
    },
  };
}

function turnIn(round: Round, size: number): Omit<Turn, 'abandon'> {
  return {
    signal: round.stop.signal,
    async leave(own) {
      const isFirst = 'error' in own && !round.broken;
      if (isFirst) {
        round.broken = own;
        round.stop.abort('Another task of its gang failed');
      }
      round.left += 1;
      if (round.left === size) round.over.resolve();
      await round.over.promise;
      if (!round.broken || isFirst) return own;
      // The first to fail is told of first: it is the one to look at.
      await Promise.resolve();
      return { task: round.broken.task, error: round.broken.error };
    },
  };
}
