import { setTimeout as delay } from 'node:timers/promises';
import { SmallboatError, exclusive, exclusiveErrors } from '../../kernel/index.ts';
import type { Destination } from '../destination.ts';
import { destinationErrors } from '../destination.ts';
import { lockPath } from './cursor.ts';
import type { SendRunOptions } from './send-run.ts';
import { sendErrors, sendRun } from './send-run.ts';

export interface LiveSenderOptions extends Pick<SendRunOptions, 'folder' | 'folderOf' | 'maxBytes'> {
  readonly destination: Destination;
  /** What goes wrong, in a sentence; nothing is thrown for it. */
  readonly tell: (problem: string) => void;
  /** From something being logged to its being sent. Default 1000. */
  readonly intervalMs?: number;
  /** First wait after a failure; it doubles with each further one, up to a minute. Default 1000. */
  readonly retryMs?: number;
  /** From 0 to below 1: waits are spread by it, so that many senders do not come back at once. Default Math.random. */
  readonly random?: () => number;
}

/** Sends a run to one destination while it is being written. */
export interface LiveSender {
  /** There is something new. Returns at once. */
  poke(): void;
  /** Sends what is left, for `seconds` at most. True if all was sent. */
  close(seconds: number): Promise<boolean>;
}

/** Starts to send a run, in the background: it never throws, and does not keep the process from ending before `close`. */
export function liveSender(options: LiveSenderOptions): LiveSender {
  const { destination, folder, tell, intervalMs = 1000, retryMs = 1000, random = Math.random } = options;
  const stop = new AbortController();
  const closing = new AbortController();
  let news = Promise.withResolvers<void>();

  /** A wait that the end of the run cuts short, and that does not keep the process alive. */
  const pause = (ms: number): Promise<void> =>
    delay(ms, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);

  const loop = async (): Promise<boolean> => {
    await using _ = await exclusive(lockPath(folder, destination), `Sending to ${destination.location}`);
    for (let failures = 0; !stop.signal.aborted;) {
      // What comes during this round counts for the next.
      const isLast = closing.signal.aborted;
      if (!isLast) news = Promise.withResolvers();
      try {
        const { refused } = await sendRun(destination, { ...options, signal: stop.signal });
        if (isLast) {
          if (refused.length > 0) tell(refusal(destination, refused));
          return true;
        }
        failures = 0;
        await news.promise;
        await pause(intervalMs);
      } catch (error) {
        if (stop.signal.aborted) return false;
        const waits = retryWait(error);
        if (waits === undefined) throw error;
        failures += 1;
        if (failures === 1 && waits.isWorthTelling && error instanceof Error) tell(error.message);
        const wait = Math.max(waits.ms, Math.min(60_000, retryMs * 2 ** (failures - 1)) * (0.5 + random() / 2));
        if (isLast) await delay(wait, undefined, { signal: stop.signal }).catch(() => undefined);
        else await pause(wait);
      }
    }
    return false;
  };

  const done = loop().catch((error: unknown) => {
    if (exclusiveErrors.ALREADY_RUNNING.is(error)) return false; // `track sync` is at it.
    tell(error instanceof SmallboatError ? error.message : `${destination.location}: ${String(error)}`);
    return false;
  });

  return {
    poke: () => news.resolve(),
    async close(seconds) {
      closing.abort();
      news.resolve();
      const limit = setTimeout(() => stop.abort(), seconds * 1000);
      try {
        return await done;
      } finally {
        clearTimeout(limit);
      }
    },
  };
}

/** Undefined for what waiting does not mend. */
function retryWait(error: unknown): { readonly ms: number; readonly isWorthTelling: boolean } | undefined {
  if (sendErrors.TRACKED_PARENT_UNSENT.is(error)) return { ms: 0, isWorthTelling: false };
  if (!destinationErrors.DESTINATION_UNREACHABLE.is(error)) return undefined;
  return { ms: (error.facts.retryAfterSeconds ?? 0) * 1000, isWorthTelling: true };
}

function refusal(
  destination: Destination,
  refused: readonly { readonly line: string; readonly problem: string }[],
): string {
  const [first] = refused;
  const problem = `${refused.length} of what was logged, for one ${first?.line ?? ''} (${first?.problem ?? ''})`;
  return destinationErrors.DESTINATION_REFUSED({ location: destination.location, problem }).message;
}
