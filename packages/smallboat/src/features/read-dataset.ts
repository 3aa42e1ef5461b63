import { readFile } from 'node:fs/promises';
import type { WorkOptions } from '../kernel/index.ts';
import type { Batch, ColumnVector, Warehouse } from '../warehouse/index.ts';
import type { Dataset } from './dataset.ts';
import { makeDataset } from './dataset.ts';
import type { SequenceRule } from './sequence.ts';
import { SessionExamples } from './session-examples.ts';
import type { SplitOptions } from './split.ts';
import { checkSplit } from './split.ts';
import { NAMED_TOKENS, unknownAction } from './tokens.ts';

/** In the token column: an action that `tokenOf` does not know. */
const UNKNOWN = 255;

export interface ReadDatasetOptions extends SequenceRule, WorkOptions {
  /** Table or view of events, quoted as needed, with the columns of `distinct_events`. Default `public.distinct_events`. */
  readonly relation?: string;
  readonly split?: SplitOptions;
}

/**
 * Reads the sessions with an add from the warehouse and makes examples of them, in three parts by time (see `SessionExamples`
 * and `SplitOptions`). The warehouse sorts and encodes, out of core; what comes over is three small columns an event.
 * The same data gives the same dataset, byte for byte, in whatever order its rows lie.
 *
 * @throws DATASET_EMPTY where no session has an add; DATASET_ONE_CLASS; UNKNOWN_ACTION; SPLIT_INVALID; STATEMENT_FAILED, as
 *   when the relation is not there.
 */
export async function readDataset(warehouse: Warehouse, options: ReadDatasetOptions = {}): Promise<Dataset> {
  const { relation = 'public.distinct_events', split = {}, signal, onProgress } = options;
  checkSplit(split);
  const rule: SequenceRule = {
    ...(options.protocol === undefined ? {} : { protocol: options.protocol }),
    ...(options.maxEvents === undefined ? {} : { maxEvents: options.maxEvents }),
  };
  const sessions = new SessionExamples(rule);
  const batches = warehouse.stream(await cartEventsSql(relation), {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress: (done: number) => onProgress(done, 'reading cart sessions') }),
  });
  if (!(await collect(batches, sessions))) {
    throw unknownAction(await firstUnknown(warehouse, relation), `table ${relation}`);
  }
  return makeDataset(sessions.finish(), { source: `${relation} in ${warehouse.location}`, rule, split });
}

/** Hands all events on. @returns false at the first action that is not known. */
async function collect(batches: AsyncIterable<Batch>, sessions: SessionExamples): Promise<boolean> {
  let current = -1;
  for await (const batch of batches) {
    const session = numbers(batch, 0);
    const token = numbers(batch, 1);
    const at = numbers(batch, 2);
    for (let i = 0; i < batch.length; i++) {
      if (session[i] !== current) {
        sessions.endSession();
        current = session[i] ?? -1;
      }
      const value = token[i] ?? UNKNOWN;
      if (value === UNKNOWN) return false;
      sessions.event(value, at[i] ?? Number.NaN);
    }
  }
  sessions.endSession();
  return true;
}

/** The statement for all events of cart sessions; the mapping to tokens comes from `tokens.ts`, not from the file. */
async function cartEventsSql(relation: string): Promise<string> {
  const text = await readFile(new URL('./cart-events.sql', import.meta.url), 'utf8');
  const cases = NAMED_TOKENS.map(([name, token]) => `when '${name}' then ${token}`).join(' ');
  return text
    .replaceAll(/^--.*\n/gm, '')
    .replaceAll('{{ events }}', () => relation)
    .replaceAll('{{ token }}', () => `case event.normalized_action ${cases} else ${UNKNOWN} end`);
}

async function firstUnknown(warehouse: Warehouse, relation: string): Promise<string> {
  const marks = NAMED_TOKENS.map(() => '?').join(', ');
  const rows = await warehouse.query<{ action: string | null }>(
    `select min(normalized_action) as action from ${relation} where normalized_action not in (${marks})`,
    { parameters: NAMED_TOKENS.map(([name]) => name) },
  );
  return rows[0]?.action ?? 'null';
}

function numbers(batch: Batch, index: number): Int32Array | Uint8Array | Float64Array {
  const column: ColumnVector | undefined = batch.columns[index];
  const values = column?.values;
  if (values instanceof Int32Array || values instanceof Uint8Array || values instanceof Float64Array) return values;
  throw new TypeError(
    `Column ${index} of the cart events came as ${values?.constructor.name ?? 'nothing'}, not as numbers.`,
  );
}
