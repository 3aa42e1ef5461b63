import { setTimeout as delay } from 'node:timers/promises';

/** One line of a log, as CloudWatch keeps it. */
export interface LogEvent {
  readonly id: string;
  readonly stream: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/** Where one job's log is. */
export interface LogPlace {
  readonly group: string;
  readonly stream: string;
}

export interface LogTailOptions {
  /** The events of up to `MOST` streams of one group from a moment on, oldest first. */
  readonly fetch: (group: string, streams: readonly string[], from: number) => Promise<readonly LogEvent[]>;
  /** Called once, where logs cannot be read: it is not allowed, say. Nothing is read after that. */
  readonly onTrouble: (problem: string) => void;
  /** Milliseconds between two questions. Default 2000. */
  readonly every?: number;
}

export interface LogTail {
  /** Reads a job's log from now on. */
  follow(place: LogPlace, onText: (text: string) => void): Following;
}

export interface Following {
  /** Looks until `milliseconds` have gone by and nothing new has come, and lets go. */
  end(milliseconds: number): Promise<void>;
}

/** Streams that one call of FilterLogEvents may name. */
const MOST = 100;
/** Events may come late: so far back, in milliseconds, it is looked each time. */
const LATE = 30_000;

interface Followed extends LogPlace {
  readonly onText: (text: string) => void;
  /** Ids of events that were handed on. */
  readonly seen: Set<string>;
  from: number;
}

/** Reads the logs of all jobs that run with as few questions as can be: a hundred streams each. */
export function logTail({ fetch, onTrouble, every = 2000 }: LogTailOptions): LogTail {
  const followed = new Set<Followed>();
  const state = { isRunning: false, isOff: false };
  let looking: Promise<boolean> | undefined;

  const handOn = ({ id, stream, at, text }: LogEvent, to: readonly Followed[]): boolean => {
    const one = to.find((candidate) => candidate.stream === stream);
    if (!one || one.seen.has(id)) return false;
    one.seen.add(id);
    one.from = Math.max(one.from, at - LATE);
    one.onText(`${text}\n`);
    return true;
  };
  const look = async (): Promise<boolean> => {
    let hasNew = false;
    for (const [group, all] of Map.groupBy(followed, (one) => one.group)) {
      for (let first = 0; first < all.length; first += MOST) {
        const some = all.slice(first, first + MOST);
        const from = Math.min(...some.map((one) => one.from));
        const names = some.map(({ stream }) => stream);
        for (const event of await fetch(group, names, from)) hasNew = handOn(event, some) || hasNew;
      }
    }
    return hasNew;
  };
  /** One look at a time: whoever asks meanwhile has part in it. */
  const lookSafely = (): Promise<boolean> => {
    looking ??= look()
      .catch((error: unknown) => {
        state.isOff = true;
        onTrouble(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
        return false;
      })
      .finally(() => (looking = undefined));
    return looking;
  };
  const run = async (): Promise<void> => {
    state.isRunning = true;
    while (followed.size > 0 && !state.isOff) {
      await lookSafely();
      await delay(every);
    }
    state.isRunning = false;
  };

  return {
    follow(place, onText) {
      const one: Followed = { ...place, onText, seen: new Set(), from: 0 };
      followed.add(one);
      if (!state.isRunning && !state.isOff) void run();
      return {
        async end(milliseconds) {
          const until = Date.now() + milliseconds;
          while (!state.isOff && ((await lookSafely()) || Date.now() < until)) await delay(Math.min(500, milliseconds));
          followed.delete(one);
        },
      };
    },
  };
}
