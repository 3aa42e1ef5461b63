import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isMissing, sha256, writeWhole } from '../../kernel/index.ts';
import type { Destination } from '../destination.ts';

const CursorFile = z.object({
  v: z.literal(1),
  destination: z.string(),
  /** The next byte to send: number of the segment, from 1, and offset in it. */
  segment: z.number().int().positive(),
  offset: z.number().int().nonnegative(),
  /** Lines sent so far. */
  lines: z.number().int().nonnegative(),
  refused: z.array(z.object({ line: z.string(), problem: z.string() })),
  state: z.unknown(),
});

/** How far a run has been sent to a destination, and what the destination needs to go on. */
export type Cursor = z.infer<typeof CursorFile>;

/** Name of the files about one destination in a run's folder. */
function nameOf({ name, location }: Destination): string {
  return `${name}-${sha256(location).slice(0, 8)}`;
}

/** The lock that the process holds which sends a run to a destination. */
export function lockPath(folder: string, destination: Destination): string {
  return join(folder, 'sent', `${nameOf(destination)}.lock`);
}

function cursorPath(folder: string, destination: Destination): string {
  return join(folder, 'sent', `${nameOf(destination)}.json`);
}

/** The cursor at the beginning, if nothing was sent or the file cannot be read: sending twice does less harm than not at all. */
export async function readCursor(folder: string, destination: Destination): Promise<Cursor> {
  const begin: Cursor = {
    v: 1,
    destination: destination.location,
    segment: 1,
    offset: 0,
    lines: 0,
    refused: [],
    state: undefined,
  };
  const text = await readFile(cursorPath(folder, destination), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (text === undefined) return begin;
  try {
    return CursorFile.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return begin;
    throw error;
  }
}

export async function writeCursor(folder: string, destination: Destination, cursor: Cursor): Promise<void> {
  await writeWhole(cursorPath(folder, destination), `${JSON.stringify(cursor)}\n`);
}
