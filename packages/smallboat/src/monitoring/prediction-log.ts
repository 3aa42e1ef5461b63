import { messageOf } from '../kernel/index.ts';
import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { SpanOfTime } from './log-segment.ts';
import { closedName, openName } from './log-segment.ts';

/** One answer of the endpoint. */
export interface PredictionRecord {
  /** Names the prediction for later feedback; unique. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly endpoint: string;
  readonly modelVersion: string;
  /** The sequence that was scored: start (0), then the actions. */
  readonly tokens: Uint8Array | readonly number[];
  /** Probability, 0 to 1. */
  readonly prediction: number;
  /** How long the answer took, in milliseconds. */
  readonly latencyMs?: number;
  /** The session (or shopper) that asked, as the shop's events name it: by it purchases are joined later. */
  readonly session?: string;
}

/** What came of a prediction, known later. */
export interface FeedbackRecord {
  /** Id of the prediction. */
  readonly id: string;
  /** Milliseconds since 1970 when it became known. */
  readonly at: number;
  /** 1 if the shopper bought, 0 if not. */
  readonly label: number;
}

/**
 * Keeps every prediction and its feedback, without ever keeping a request waiting: `append` and `feedback` only put a
 * record in a queue, and return. What is queued is written within `flushMs`, and is safe from a power cut once `flush`
 * resolves. If the disk cannot keep up, records beyond `maxQueued` are dropped, and the log says how many.
 */
export interface PredictionLog extends AsyncDisposable {
  readonly folder: string;
  append(record: PredictionRecord): void;
  feedback(record: FeedbackRecord): void;
  /** Resolves when all that was given before is on the disk. Rejects with the system's error if it cannot be written. */
  flush(): Promise<void>;
  /** Flushes and ends. What is appended afterwards counts as dropped. */
  close(): Promise<void>;
  readonly stats: PredictionLogStats;
}

export interface PredictionLogStats {
  readonly written: number;
  readonly dropped: number;
  /** The last failure to write, until a write works again. */
  readonly problem?: string;
}

export interface PredictionLogOptions {
  /** Made when the first record is written. Several processes may write to the same folder. */
  readonly folder: string;
  /** Milliseconds since 1970, for the age of segments; default the machine's clock. */
  readonly clock?: () => number;
  /** Longest time that a record waits in memory. Default 100. */
  readonly flushMs?: number;
  /** As many waiting records are written at once. Default 1000. */
  readonly flushRecords?: number;
  /** Records that wait in memory at most. Default 100,000. */
  readonly maxQueued?: number;
  /** A segment is closed when it has grown to this size. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** A segment is closed when it is this old. Default one hour. */
  readonly segmentMs?: number;
}

interface Segment {
  readonly file: FileHandle;
  readonly id: string;
  readonly openedAt: number;
  bytes: number;
  span: SpanOfTime | undefined;
}

/** Opens a prediction log in a folder: segments of JSON lines, one writer each, that are renamed when they are full. */
export function predictionLog(options: PredictionLogOptions): PredictionLog {
  const folder = resolve(options.folder);
  const clock = options.clock ?? Date.now;
  const { flushMs = 100, flushRecords = 1_000, maxQueued = 100_000 } = options;
  const { segmentBytes = 64 << 20, segmentMs = 3_600_000 } = options;
  let queue: (PredictionRecord | FeedbackRecord)[] = [];
  let dropped = 0;
  let droppedUnwritten = 0;
  let written = 0;
  let problem: string | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let segment: Segment | undefined;
  let writing: Promise<void> = Promise.resolve();

  const put = (record: PredictionRecord | FeedbackRecord): void => {
    if (isClosed || queue.length >= maxQueued) {
      dropped++;
      droppedUnwritten++;
      return;
    }
    queue.push(record);
    if (queue.length >= flushRecords) start();
    // The timer keeps no process alive: who ends a process closes the log first.
    else timer ??= setTimeout(start, flushMs).unref();
  };

  /** Begins a write of what waits, after the one under way. */
  const start = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!isWaiting) enqueueWrite().catch(() => undefined); // `problem` has it, and `flush` rejects with it.
  };
  let isWaiting = false;

  const enqueueWrite = (): Promise<void> => {
    isWaiting = true;
    writing = writing.catch(() => undefined).then(writeQueue);
    return writing;
  };

  const writeQueue = async (): Promise<void> => {
    isWaiting = false;
    const batch = queue;
    const lost = droppedUnwritten;
    if (batch.length === 0 && lost === 0) return;
    queue = [];
    droppedUnwritten = 0;
    try {
      await writeBatch(batch, lost);
      written += batch.length;
      problem = undefined;
    } catch (error) {
      problem = messageOf(error);
      // Half a line may be on the disk: the segment is given up, and the batch is tried again in a new one.
      const broken = segment;
      segment = undefined;
      await broken?.file.close().catch(() => undefined);
      const kept = batch.slice(0, Math.max(0, maxQueued - queue.length));
      dropped += batch.length - kept.length;
      droppedUnwritten += lost + batch.length - kept.length;
      queue = [...kept, ...queue];
      throw error;
    }
  };

  const writeBatch = async (batch: readonly (PredictionRecord | FeedbackRecord)[], lost: number): Promise<void> => {
    const now = clock();
    if (segment !== undefined && (segment.bytes >= segmentBytes || now - segment.openedAt >= segmentMs))
      await closeSegment();
    if (segment === undefined) {
      await mkdir(folder, { recursive: true });
      const id = randomUUID();
      segment = { file: await open(join(folder, openName(id)), 'ax'), id, openedAt: now, bytes: 0, span: undefined };
    }
    const { text, span } = linesOf(batch, { lost, now });
    const bytes = Buffer.from(text);
    await segment.file.appendFile(bytes);
    segment.bytes += bytes.length;
    segment.span =
      segment.span === undefined
        ? span
        : { from: Math.min(segment.span.from, span.from), to: Math.max(segment.span.to, span.to) };
  };

  const closeSegment = async (): Promise<void> => {
    if (segment === undefined) return;
    const { file, id, span } = segment;
    segment = undefined;
    await file.sync();
    await file.close();
    if (span !== undefined) await rename(join(folder, openName(id)), join(folder, closedName(id, span)));
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    await enqueueWrite();
    await segment?.file.sync();
  };

  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await flush();
    await closeSegment();
  };

  return {
    folder,
    append: put,
    feedback: put,
    flush,
    close,
    get stats() {
      return { written, dropped, ...(problem === undefined ? {} : { problem }) };
    },
    [Symbol.asyncDispose]: close,
  };
}

function linesOf(
  batch: readonly (PredictionRecord | FeedbackRecord)[],
  { lost, now }: { readonly lost: number; readonly now: number },
): { readonly text: string; readonly span: SpanOfTime } {
  let from = Infinity;
  let to = -Infinity;
  const lines: string[] = [];
  for (const record of batch) {
    from = Math.min(from, record.at);
    to = Math.max(to, record.at);
    if ('label' in record) lines.push(JSON.stringify({ t: 'f', at: record.at, id: record.id, y: record.label }));
    else {
      const { at, id, endpoint, modelVersion, prediction, latencyMs, session } = record;
      // Array.from: a typed array would become an object.
      const s = Array.from(record.tokens);
      lines.push(
        JSON.stringify({ t: 'p', at, id, e: endpoint, m: modelVersion, p: prediction, s, l: latencyMs, k: session }),
      );
    }
  }
  if (lost > 0) {
    lines.push(JSON.stringify({ t: 'd', at: now, n: lost }));
    from = Math.min(from, now);
    to = Math.max(to, now);
  }
  return { text: `${lines.join('\n')}\n`, span: { from, to } };
}
