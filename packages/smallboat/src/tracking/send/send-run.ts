import { join } from 'node:path';
import { defineErrors, isMissing } from '../../kernel/index.ts';
import type { Destination } from '../destination.ts';
import { destinationErrors } from '../destination.ts';
import type { RunLine, RunStart } from '../run-log.ts';
import type { Cursor } from './cursor.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { readBatch } from './read-batch.ts';

export interface SendRunOptions {
  /** The folder of the run in the local tracker. */
  readonly folder: string;
  /** Finds the folder of the run that this one is a part of; undefined if it was tracked elsewhere. */
  readonly folderOf: (id: string) => Promise<string | undefined>;
  readonly signal: AbortSignal;
  /** Bytes of the log that go together. Default 256 KiB. */
  readonly maxBytes?: number;
}

export interface SentRun {
  /** Lines sent by this call. */
  readonly lines: number;
  /** What the destination refused so far, with its reason. */
  readonly refused: Cursor['refused'];
}

export const sendErrors = defineErrors({
  TRACKED_PARENT_UNSENT: (f: { id: string; parent: string; location: string }) =>
    `Tracked run ${f.id} is a part of ${f.parent}, which has not been sent to ${f.location} yet. Send that one first: 'smallboat track sync' does.`,
});

/**
 * Sends what a destination has not got of a run, batch by batch, each followed by a note of how far it went. The caller
 * sees to it that nobody else sends the same. Rejects with the destination's errors, and `TRACKED_PARENT_UNSENT`.
 */
export async function sendRun(destination: Destination, options: SendRunOptions): Promise<SentRun> {
  const { folder, signal, maxBytes } = options;
  let cursor = await readCursor(folder, destination);
  const before = cursor.lines;
  let run: RunStart | undefined;
  let parentState: unknown;
  for (;;) {
    const batch = await readBatch(folder, cursor, maxBytes);
    if (batch === undefined) return { lines: cursor.lines - before, refused: cursor.refused };
    if (run === undefined) {
      run = await startOf(folder);
      // Died before its first line was whole: there is no run yet.
      if (run === undefined) return { lines: 0, refused: [] };
      parentState = await stateOfParent(destination, run, options.folderOf);
    }
    const about = { run, parentState, locate: (name: string) => join(folder, 'artifacts', name), signal };
    let { lines } = batch;
    if (cursor.state === undefined && lines[0]?.t === 'start') {
      // The beginning alone, and a note of it: a failure after it does not begin the run a second time.
      const begun = await ship(destination, about, lines.slice(0, 1), undefined);
      cursor = { ...cursor, state: begun.state };
      await writeCursor(folder, destination, cursor);
      lines = lines.slice(1);
    }
    const outcome = await ship(destination, about, lines, cursor.state);
    cursor = {
      ...cursor,
      ...batch.next,
      lines: cursor.lines + batch.lines.length,
      refused: [...cursor.refused, ...outcome.refused],
      state: outcome.state,
    };
    await writeCursor(folder, destination, cursor);
  }
}

type About = Omit<Parameters<Destination['send']>[0], 'lines' | 'state'>;

/** Sends lines; what is refused is halved until the one that it is about is found, and that one is left out. */
async function ship(
  destination: Destination,
  about: About,
  lines: readonly RunLine[],
  state: unknown,
): Promise<{ readonly state: unknown; readonly refused: Cursor['refused'] }> {
  if (lines.length === 0) return { state, refused: [] };
  try {
    return { state: await destination.send({ ...about, lines, state }), refused: [] };
  } catch (error) {
    const problem = destinationErrors.DESTINATION_REFUSED.is(error)
      ? error.facts.problem
      : isMissing(error)
        ? `a file is gone: ${String(error)}`
        : undefined;
    if (problem === undefined) throw error;
    const [line] = lines;
    if (lines.length === 1 && line !== undefined) {
      // Without its beginning there is nothing to send the rest to.
      if (line.t === 'start') throw error;
      return { state, refused: [{ line: JSON.stringify(line).slice(0, 200), problem }] };
    }
    const half = Math.ceil(lines.length / 2);
    const first = await ship(destination, about, lines.slice(0, half), state);
    const second = await ship(destination, about, lines.slice(half), first.state);
    return { state: second.state, refused: [...first.refused, ...second.refused] };
  }
}

async function startOf(folder: string): Promise<RunStart | undefined> {
  for (let place = { segment: 1, offset: 0 }; ;) {
    const batch = await readBatch(folder, place, 4096);
    const start = batch?.lines.find((line) => line.t === 'start');
    if (start !== undefined || batch === undefined) return start;
    place = batch.next;
  }
}

async function stateOfParent(
  destination: Destination,
  { id, parent }: RunStart,
  folderOf: SendRunOptions['folderOf'],
): Promise<unknown> {
  const folder = parent === undefined ? undefined : await folderOf(parent);
  if (parent === undefined || folder === undefined) return undefined;
  const { state } = await readCursor(folder, destination);
  if (state === undefined) {
    throw sendErrors.TRACKED_PARENT_UNSENT({ id, parent, location: destination.location });
  }
  return state;
}

/** Whether there is something of a run that a destination has not got. */
export async function isAllSent(destination: Destination, folder: string): Promise<boolean> {
  return (await readBatch(folder, await readCursor(folder, destination))) === undefined;
}
