import { setTimeout as delay } from 'node:timers/promises';
import type { S3 } from './s3-client.ts';
import { getObject } from './s3-read.ts';
import { putObject } from './s3-write.ts';

/** Bytes of the end that are looked at before more is added. */
const TAIL = 1 << 12;
/** Objects whose content is remembered, to add to it without reading it again. */
const REMEMBERED = 8;
/** Writing the whole anew may take this share of the time, and a pause for it at most so many milliseconds. */
const SHARE = 0.2;
const LONGEST_PAUSE = 2000;

type More = (tail: string) => string;

/**
 * Adds to the ends of objects. S3 has nothing to add with, so the whole is written again, in place of just what was read: of several
 * processes that add to one object none loses what another wrote. What comes meanwhile goes with the next, and long objects are written
 * less often.
 */
export function appender(s3: S3, encryption: string | undefined): (path: string, more: More) => Promise<void> {
  const known = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>();
  const queues = new Map<string, { waiting: More[]; next: Promise<void> | undefined; notBefore: number }>();

  async function write(path: string, adds: readonly More[]): Promise<void> {
    for (;;) {
      const before = known.get(path) ?? (await getObject(s3, path));
      const pieces = before ? [before.bytes] : [];
      let tail = before ? endOf(before.bytes) : '';
      for (const more of adds) {
        const text = more(tail);
        pieces.push(Buffer.from(text));
        tail = (tail + text).slice(-TAIL);
      }
      const bytes = Buffer.concat(pieces);
      const unless = before ? { not: before.etag } : ('there' as const);
      const etag = await putObject(s3, path, [bytes], { unless, ...(encryption === undefined ? {} : { encryption }) });
      known.delete(path);
      if (etag === undefined) continue; // Somebody else has added to it: read it anew.
      known.set(path, { bytes, etag });
      const [oldest] = known.keys();
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
      return;
    }
  }

  return (path, more) => {
    const queue = queues.get(path) ?? { waiting: [], next: undefined, notBefore: 0 };
    queues.set(path, queue);
    queue.waiting.push(more);
    queue.next ??= (async () => {
      try {
        // Whoever calls in a row goes together.
        await delay(Math.max(0, queue.notBefore - performance.now()));
        while (queue.waiting.length > 0) {
          const adds = queue.waiting.splice(0);
          const began = performance.now();
          await write(path, adds);
          const ended = performance.now();
          queue.notBefore = ended + Math.min(LONGEST_PAUSE, (ended - began) * (1 / SHARE - 1));
        }
      } finally {
        queue.next = undefined;
        if (queue.notBefore < performance.now() - LONGEST_PAUSE) queues.delete(path);
      }
    })();
    return queue.next;
  };
}

/** The end of a text, from the start of a line if it has one. */
function endOf(bytes: Uint8Array): string {
  if (bytes.length <= TAIL) return Buffer.from(bytes).toString('utf8');
  const end = Buffer.from(bytes.subarray(-TAIL));
  return end.toString('utf8', Math.max(0, end.indexOf(0x0a)));
}
