import type { RelationCache } from '../adapter/relation-cache.ts';
import { findRelation } from '../context/adapter-options.ts';
import { fromPlain } from '../jinja/json.ts';
import { Fn } from '../jinja/value.ts';
import type { SqlNode } from '../manifest/node.ts';
import { textOf } from '../project/plain.ts';
import type { Batch, Compiler } from './compiler.ts';
import { pythonTime } from './python-time.ts';
import type { NodeRunner } from './node-runner.ts';
import type { NodeStatus } from './node-result.ts';
import type { WarehouseSession } from './warehouse-session.ts';

export type BatchSize = 'hour' | 'day' | 'month' | 'year';

const FIELDS: Readonly<Record<BatchSize, number>> = { year: 1, month: 2, day: 3, hour: 4 };

/** The begin of the batch that a time is in, in UTC. */
export function truncated(at: Date, size: BatchSize): Date {
  const [year = 0, month = 0, day = 1, hour = 0] = [
    at.getUTCFullYear(),
    at.getUTCMonth(),
    at.getUTCDate(),
    at.getUTCHours(),
  ].slice(0, FIELDS[size]);
  return new Date(Date.UTC(year, month, day, hour));
}

/** The begin of the batch `by` batches later. */
export function shifted(at: Date, size: BatchSize, by: number): Date {
  const start = truncated(at, size);
  const [year, month, day, hour] = [
    start.getUTCFullYear(),
    start.getUTCMonth(),
    start.getUTCDate(),
    start.getUTCHours(),
  ];
  return new Date(
    Date.UTC(
      year + (size === 'year' ? by : 0),
      month + (size === 'month' ? by : 0),
      day + (size === 'day' ? by : 0),
      hour + (size === 'hour' ? by : 0),
    ),
  );
}

function ceiling(at: Date, size: BatchSize): Date {
  const start = truncated(at, size);
  return start.getTime() === at.getTime() ? start : shifted(at, size, 1);
}

export interface BatchPlan {
  readonly size: BatchSize;
  readonly begin: Date;
  readonly lookback: number;
  readonly isIncremental: boolean;
  readonly now: Date;
  readonly start: Date | undefined;
  readonly end: Date | undefined;
}

/** The batches of a run, from the oldest: since `begin` at first, then the last ones again (`lookback`) and the new. */
export function batchesOf(plan: BatchPlan): Batch[] {
  const { size } = plan;
  const given = plan.end ?? plan.now;
  const end = ceiling(given, size);
  let from: Date;
  if (plan.start) from = truncated(plan.start, size);
  else if (!plan.isIncremental) from = truncated(plan.begin, size);
  else {
    // A time on the line between two batches ends the one before.
    const onLine = end.getTime() === truncated(end, size).getTime();
    from = shifted(end, size, -(plan.lookback + (onLine ? 1 : 0)));
  }
  const batches: Batch[] = [];
  for (let start = from; batches.length === 0 || start < end; start = shifted(start, size, 1)) {
    batches.push({ start, end: shifted(start, size, 1) });
  }
  const last = batches.at(-1);
  if (last) batches[batches.length - 1] = { start: last.start, end };
  return batches;
}

interface MicrobatchRun {
  readonly node: SqlNode;
  readonly compiler: Compiler;
  readonly runner: NodeRunner;
  readonly session: WarehouseSession;
  readonly cache: RelationCache;
  /** Build these and no others. */
  readonly again: readonly (readonly [Date, Date])[] | undefined;
}

interface MicrobatchOutcome {
  readonly status: NodeStatus;
  readonly message: string;
  readonly response: Readonly<Record<string, unknown>>;
  readonly failures: number;
  readonly batches: {
    readonly successful: readonly (readonly [Date, Date])[];
    readonly failed: readonly (readonly [Date, Date])[];
  };
  /** Where no batch was built: why the last one was not. */
  readonly lastError?: unknown;
}

/** Builds a microbatch model, a batch at a time; a batch that fails does not stop those after it, but for the first. */
export async function runMicrobatch(run: MicrobatchRun): Promise<MicrobatchOutcome> {
  const { node, compiler, session, cache } = run;
  const { invocation } = compiler.options;
  const { flags } = invocation;
  const self = compiler.relationOf(node);
  const context = compiler.context(node, { session });
  const existing = await findRelation({ invocation, macros: context.macros, session, cache }, self);
  const isRefresh =
    node.config['full_refresh'] === true || (flags.fullRefresh && node.config['full_refresh'] !== false);
  const isIncremental = existing?.relationType === 'table' && !isRefresh;
  const batches = run.again
    ? run.again.map(([start, end]) => ({ start, end }))
    : batchesOf({
        size: textOf(node.config['batch_size']) as BatchSize, // checked when the project was read
        begin: new Date(utc(String(node.config['begin']))),
        lookback: Number(node.config['lookback'] ?? 1),
        isIncremental,
        now: invocation.startedAt,
        // A sample is a time too: only its batches are built.
        start: flags.eventTimeStart ?? flags.sample?.start,
        end: flags.eventTimeEnd ?? flags.sample?.end,
      });
  const successful: (readonly [Date, Date])[] = [];
  const failed: (readonly [Date, Date])[] = [];
  let problem = '';
  let lastError: unknown;
  for (const [i, batch] of batches.entries()) {
    const isLater = i > 0 || isIncremental;
    try {
      await runBatch(run, batch, isLater || run.again !== undefined);
      successful.push([batch.start, batch.end]);
    } catch (error) {
      await session.rollback();
      failed.push([batch.start, batch.end]);
      if (!(error instanceof Error)) throw error;
      problem = error.message;
      lastError = error;
      // Without a table the others have nothing to go into.
      if (i === 0 && !isIncremental && !run.again) {
        for (const rest of batches.slice(1)) failed.push([rest.start, rest.end]);
        break;
      }
    }
  }
  const status: NodeStatus = failed.length === 0 ? 'success' : successful.length === 0 ? 'error' : 'partial success';
  return {
    status,
    message: failed.length === 0 ? 'SUCCESS' : `PARTIAL SUCCESS (${successful.length}/${batches.length}): ${problem}`,
    response: {},
    failures: 0,
    batches: { successful, failed },
    ...(status === 'error' ? { lastError } : {}),
  };
}

async function runBatch(
  { node, compiler, runner, session }: MicrobatchRun,
  batch: Batch,
  isLater: boolean,
): Promise<void> {
  node.compiled = false;
  const info = {
    id: idOf(batch.start, String(node.config['batch_size'])),
    event_time_start: pythonTime(batch.start),
    event_time_end: pythonTime(batch.end),
  };
  const model = { ...node, batch: info };
  const overrides = isLater
    ? {
        is_incremental: new Fn('is_incremental', () => true),
        should_full_refresh: new Fn('should_full_refresh', () => false),
      }
    : {};
  await compiler.compile(node, { session, batch, extra: { model: fromPlain(model) } });
  const ran = { ...model, compiled_code: node.compiled_code };
  await runner.materialize(node, {
    batch,
    extra: { model: fromPlain(ran) },
    ...(isLater ? { overrides: new Map(Object.entries(overrides)) } : {}),
  });
}

/** A batch's name: `20240101`, `20240101T05`. */
function idOf(start: Date, size: string): string {
  const digits = start.toISOString().replace(/[-:]/g, '');
  const lengths: Readonly<Record<string, number>> = { year: 4, month: 6, day: 8, hour: 11 };
  return digits.slice(0, lengths[size] ?? 8);
}

function utc(text: string): string {
  if (/[zZ]|[+-]\d\d:?\d\d$/.test(text)) return text;
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : `${text.replace(' ', 'T')}Z`;
}
