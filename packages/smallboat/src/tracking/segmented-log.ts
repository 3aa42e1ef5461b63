import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../kernel/index.ts';

export interface SegmentedLog {
  append(line: string): Promise<void>;
  close(): Promise<void>;
}

export interface SegmentedLogOptions {
  /** A segment that has as many bytes is full. */
  readonly segmentBytes: number;
  /** Number of the first segment, which must not be there yet. Default 1. */
  readonly first?: number;
}

/** The file of a segment of a run's log; they are in order by name. */
export function segmentName(segment: number): string {
  return `log-${String(segment).padStart(6, '0')}.jsonl`;
}

/** Names of the segments in a run's folder, in order. */
export async function segmentsIn(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => /^log-\d{6}\.jsonl$/.test(name));
}

/**
 * Lines that arrive while a write is under way go out together with the next one, so a burst costs a few writes and
 * a single call one. A segment that is full is flushed to the disk before the next begins.
 */
export function segmentedLog(folder: string, { segmentBytes, first = 1 }: SegmentedLogOptions): SegmentedLog {
  let file: FileHandle | undefined;
  let size = 0;
  let segment = first - 1;
  let waiting: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  const drain = async (): Promise<void> => {
    next = undefined;
    const text = waiting.join('');
    waiting = [];
    if (file !== undefined && size >= segmentBytes) {
      await file.sync();
      await file.close();
      file = undefined;
    }
    if (file === undefined) {
      segment++;
      file = await open(join(folder, segmentName(segment)), 'ax');
      size = 0;
    }
    const bytes = Buffer.from(text);
    await file.appendFile(bytes);
    size += bytes.length;
  };

  return {
    append(line) {
      waiting.push(line);
      if (next === undefined) {
        next = last.then(drain);
        last = next;
      }
      return next;
    },
    async close() {
      try {
        await last;
        await file?.sync();
      } finally {
        await file?.close();
      }
    },
  };
}
