import type { FileHandle } from 'node:fs/promises';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, messageOf } from '../kernel/index.ts';
import type { SpanOfTime } from './log-segment.ts';
import { parseName } from './log-segment.ts';
import type { FeedbackRecord, PredictionRecord } from './prediction-log.ts';

/** What is in the log: a prediction, a feedback, or a note that records were dropped. */
export type LogEntry =
  | ({ readonly kind: 'prediction' } & PredictionRecord)
  | ({ readonly kind: 'feedback' } & FeedbackRecord)
  | { readonly kind: 'dropped'; readonly at: number; readonly count: number };

export interface ReadLogOptions {
  readonly folder: string;
  /** Milliseconds since 1970, included. Default: from the beginning. */
  readonly from?: number;
  /** Milliseconds since 1970, left out. Default: to the end. */
  readonly to?: number;
  readonly signal?: AbortSignal;
  /** Hears of each line that could not be read, in a sentence. */
  readonly onProblem?: (problem: string) => void;
}

/**
 * Reads the entries of a time window, segment by segment in constant memory, while writers may go on. Entries of one
 * writer come in the order they were logged; those of several are not put in the order of time. A folder that does not
 * exist holds no entry.
 */
export async function* readLog(options: ReadLogOptions): AsyncGenerator<LogEntry> {
  const { folder, from = -Infinity, to = Infinity, signal } = options;
  const names = (await list(folder)).filter((name) => overlaps(parseName(name), { from, to }));
  for (const name of names) {
    signal?.throwIfAborted();
    const file = await openSegment(folder, name);
    if (file === undefined) continue;
    try {
      for await (const lines of linesOf(file, (problem) => options.onProblem?.(`${name}: ${problem}`))) {
        signal?.throwIfAborted();
        for (const line of lines) {
          const entry = parseLine(line);
          if (typeof entry === 'string')
            options.onProblem?.(`${name}: a line cannot be read and is left out (${entry})`);
          else if (entry.at >= from && entry.at < to) yield entry;
        }
      }
    } finally {
      await file.close();
    }
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => parseName(name) !== undefined).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function overlaps(segment: ReturnType<typeof parseName>, window: SpanOfTime): boolean {
  if (segment?.span === undefined) return true;
  return segment.span.to >= window.from && segment.span.from < window.to;
}

/** A segment may be closed, and so renamed, after it was listed: it is then found by its id. */
async function openSegment(folder: string, name: string): Promise<FileHandle | undefined> {
  try {
    return await open(join(folder, name));
  } catch (error) {
    if (!isMissing(error)) throw error;
    const id = parseName(name)?.id;
    const renamed = (await list(folder)).find((other) => parseName(other)?.id === id);
    return renamed === undefined ? undefined : open(join(folder, renamed));
  }
}

/** Lines of a file, a chunk's worth at a time. What follows the last line break is not a line yet. */
async function* linesOf(file: FileHandle, onProblem: (problem: string) => void): AsyncGenerator<readonly string[]> {
  const chunk = Buffer.allocUnsafe(1 << 18);
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    const end = chunk.lastIndexOf(10, bytesRead - 1);
    if (end === -1) {
      rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      continue;
    }
    const text = Buffer.concat([rest, chunk.subarray(0, end)]).toString('utf8');
    rest = Buffer.from(chunk.subarray(end + 1, bytesRead));
    yield text.split('\n');
  }
  if (rest.length > 0)
    onProblem(
      `the last line is incomplete (${rest.length} bytes) and is left out: its process was killed, or still writes it`,
    );
}

/** An entry, or what is wrong with the line. Checked by hand: a schema would take most of the time of reading. */
function parseLine(line: string): LogEntry | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return messageOf(error);
  }
  if (typeof value !== 'object' || value === null) return 'not an object';
  const { t, at, id, e, m, p, s, y, n, l, k } = value as Readonly<Record<string, unknown>>;
  if (typeof at !== 'number') return 'no time';
  if (t === 'd' && typeof n === 'number') return { kind: 'dropped', at, count: n };
  if (typeof id !== 'string') return 'no id';
  if (t === 'f' && typeof y === 'number') return { kind: 'feedback', at, id, label: y };
  if (t !== 'p' || typeof e !== 'string' || typeof m !== 'string' || typeof p !== 'number') return 'no prediction';
  if (!Array.isArray(s) || !s.every(isToken)) return 'no sequence of tokens';
  const prediction = { kind: 'prediction', at, id, endpoint: e, modelVersion: m, prediction: p, tokens: s } as const;
  if (l === undefined && k === undefined) return prediction;
  return {
    ...prediction,
    ...(typeof l === 'number' ? { latencyMs: l } : {}),
    ...(typeof k === 'string' ? { session: k } : {}),
  };
}

function isToken(token: unknown): token is number {
  return typeof token === 'number' && Number.isInteger(token) && token >= 0 && token < 256;
}
