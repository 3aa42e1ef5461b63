import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunLine } from '../run-log.ts';
import { readLine } from '../run-log.ts';
import { segmentName, segmentsIn } from '../segmented-log.ts';

export interface LogPlace {
  /** Number of the segment, from 1. */
  readonly segment: number;
  /** Bytes. */
  readonly offset: number;
}

export interface Batch {
  readonly lines: readonly RunLine[];
  /** Where the next batch begins. */
  readonly next: LogPlace;
}

/**
 * The whole lines of a run's log from a place on, about `maxBytes` of them; undefined if there is nothing new. Lines that
 * cannot be read are passed over: `Tracker.run` reports them. A last line without its line break is waited for, unless
 * a later segment says that its writer is gone.
 */
export async function readBatch(
  folder: string,
  place: LogPlace,
  maxBytes: number = 256 << 10,
): Promise<Batch | undefined> {
  // The names first: a segment that is not the last one is complete when it is read.
  const names = await segmentsIn(folder);
  let { segment, offset } = place;
  for (; names.includes(segmentName(segment)); segment += 1, offset = 0) {
    const { lines, bytes } = await readLines(join(folder, segmentName(segment)), offset, maxBytes);
    if (bytes > 0) return { lines, next: { segment, offset: offset + bytes } };
  }
  return undefined;
}

async function readLines(
  path: string,
  offset: number,
  maxBytes: number,
): Promise<{ readonly lines: readonly RunLine[]; readonly bytes: number }> {
  await using file = await open(path, 'r');
  for (let size = maxBytes; ; size *= 2) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, offset);
    const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
    // A line longer than this is read again with more room.
    if (end === 0 && bytesRead === size) continue;
    const texts = buffer.toString('utf8', 0, end).split('\n').slice(0, -1);
    return { lines: texts.flatMap(readable), bytes: end };
  }
}

function readable(text: string): readonly RunLine[] {
  try {
    return [readLine(text)];
  } catch {
    return []; // Reported by whoever reads the run.
  }
}
