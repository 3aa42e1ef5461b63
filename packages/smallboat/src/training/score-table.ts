import type { WorkOptions } from '../kernel/index.ts';
import { openSessionsSql, readSequences } from '../features/index.ts';
import { type Batch, type Warehouse, append } from '../warehouse/index.ts';
import type { Model } from './model/load-model.ts';

export interface ScoreTableOptions extends WorkOptions {
  /** Events, with the columns of `distinct_events`. Default `public.distinct_events`. */
  readonly relation?: string;
  /** Products, for their prices. Default `public.content_flattened`. */
  readonly products?: string;
  /** The table that is made, quoted as needed; one that is there is replaced whole. */
  readonly into: string;
  /** Only sessions with an add. Default true: the model learned from those. */
  readonly onlyCarts?: boolean;
}

export interface ScoredTable {
  readonly sessions: number;
  readonly seconds: number;
}

/**
 * Scores all sessions of a table that have not bought yet, and writes the probabilities back: one row a session with `session_id_hash`,
 * `organization_id`, `events` (how many there were), `prediction` and `model_version`. Sessions are streamed as columns; a session's
 * probability is the one that the endpoint answers for its events.
 *
 * @throws UNKNOWN_ACTION, STATEMENT_FAILED
 */
export async function scoreTable(warehouse: Warehouse, model: Model, options: ScoreTableOptions): Promise<ScoredTable> {
  const { relation = 'public.distinct_events', products, into, onlyCarts = true, signal, onProgress } = options;
  const { protocol, maxEvents, version } = model.manifest;
  const began = performance.now();
  const withSignal = signal === undefined ? {} : { signal };
  const parts: { readonly sessions: Uint32Array; readonly events: Uint32Array; readonly scores: Float32Array }[] = [];
  let count = 0;
  const batches = readSequences(warehouse, {
    relation,
    rule: { protocol, maxEvents },
    onlyCarts,
    ...(products === undefined ? {} : { products }),
    ...(model.features === undefined ? {} : { features: model.features }),
    ...withSignal,
  });
  for await (const batch of batches) {
    parts.push({ sessions: batch.sessions, events: batch.events, scores: model.score(batch) });
    count += batch.sessions.length;
    onProgress?.(0, `${count} sessions scored`);
  }
  // A warehouse does one thing at a time: what was read is written once all of it is there.
  const staged = 'smallboat_scores';
  await warehouse.execute(
    `create or replace temporary table ${staged} (session integer, events integer, prediction double)`,
    withSignal,
  );
  const written = parts.map(({ sessions, events, scores }): Batch => {
    const columns = [
      { name: 'session', values: Int32Array.from(sessions) },
      { name: 'events', values: Int32Array.from(events) },
      { name: 'prediction', values: Float64Array.from(scores) },
    ];
    return { length: sessions.length, columns };
  });
  await append(warehouse, staged, written, {
    ...withSignal,
    onProgress: (fraction) => onProgress?.(fraction, `${count} sessions scored, writing`),
  });
  await warehouse.execute(
    `create or replace table ${into} as
     select numbered.session_id_hash, numbered.organization_id, scored.events, scored.prediction, '${version.replaceAll("'", "''")}' as model_version
     from ${staged} as scored
     inner join (${await openSessionsSql(warehouse.dialect, relation, onlyCarts)}) as numbered on numbered.session = scored.session`,
    withSignal,
  );
  await warehouse.execute(`drop table ${staged}`);
  onProgress?.(1);
  return { sessions: count, seconds: (performance.now() - began) / 1000 };
}
