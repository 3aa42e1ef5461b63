import type { WorkOptions } from '../kernel/index.ts';
import type { Batch, ColumnVector, Warehouse } from '../warehouse/index.ts';
import { cartContextSql, cartEventsSql } from './cart-sql.ts';
import type { Dataset } from './dataset.ts';
import { makeDataset } from './dataset.ts';
import type { FeatureName } from './event-features.ts';
import type { FeatureSet } from './feature-set.ts';
import { fitFeatures } from './fit-features.ts';
import type { SequenceRule } from './sequence.ts';
import { SessionExamples } from './session-examples.ts';
import type { SplitOptions } from './split.ts';
import { checkSplit } from './split.ts';
import { NAMED_TOKENS, UNKNOWN_TOKEN, unknownAction } from './tokens.ts';

export interface ReadDatasetOptions extends SequenceRule, WorkOptions {
  /** Table or view of events, quoted as needed, with the columns of `distinct_events`. Default `public.distinct_events`. */
  readonly relation?: string;
  /** Table or view of products, for their prices: columns `product_sku_hash`, `price_bucket`. Default `public.content_flattened`. */
  readonly products?: string;
  readonly split?: SplitOptions;
  /** What examples hold beside actions (see `FEATURE_NAMES`). Default none; the `seed` protocol knows actions only. */
  readonly features?: readonly FeatureName[];
  /** Pages that have a number of their own, by how often they occur in the training part; 0 to 254. Default 48. */
  readonly pages?: number;
  /** Features that were fitted before, as those of a model: taken as they are. `features` and `pages` are theirs then. */
  readonly fitted?: FeatureSet;
}

/**
 * Reads the sessions with an add from the warehouse and makes examples of them, in three parts by time (see `SessionExamples`
 * and `SplitOptions`). The warehouse sorts and encodes, out of core; what comes over is a few small columns an event, and none of it
 * becomes an object. The same data gives the same dataset, byte for byte, in whatever order its rows lie.
 *
 * @throws DATASET_EMPTY where no session has an add; DATASET_ONE_CLASS; UNKNOWN_ACTION; SPLIT_INVALID; FEATURES_INVALID;
 *   STATEMENT_FAILED, as when the relation is not there.
 */
export async function readDataset(warehouse: Warehouse, options: ReadDatasetOptions = {}): Promise<Dataset> {
  const { relation = 'public.distinct_events', products = 'public.content_flattened', split = {} } = options;
  const { signal, onProgress } = options;
  checkSplit(split);
  const rule: SequenceRule = {
    ...(options.protocol === undefined ? {} : { protocol: options.protocol }),
    ...(options.maxEvents === undefined ? {} : { maxEvents: options.maxEvents }),
  };
  const source = { warehouse, relation, products, ...(signal === undefined ? {} : { signal }) };
  const fitted = await fitFeatures(source, { ...options, split });
  const features = fitted?.set;
  const sessions = new SessionExamples(
    rule,
    features === undefined ? undefined : { names: features.names, pages: features.pages.length },
  );
  const { dialect } = warehouse;
  const sql =
    fitted === undefined
      ? await cartEventsSql(dialect, relation)
      : await cartContextSql({ dialect, relation, products, ...fitted });
  const batches = warehouse.stream(sql, {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress: (done: number) => onProgress(done, 'reading cart sessions') }),
  });
  if (!(await collect(batches, sessions))) {
    throw unknownAction(await firstUnknown(warehouse, relation), `table ${relation}`);
  }
  return makeDataset(sessions.finish(), {
    source: `${relation} in ${warehouse.location}`,
    rule,
    split,
    ...(features === undefined ? {} : { features }),
  });
}

/** Hands all events on. @returns false at the first action that is not known. */
export async function collect(batches: AsyncIterable<Batch>, sessions: SessionExamples): Promise<boolean> {
  let current = -1;
  for await (const batch of batches) {
    const hasContext = batch.columns.length > 3;
    const session = numbersOf(batch, 0);
    const token = numbersOf(batch, 1);
    const at = numbersOf(batch, 2);
    const [page, identity, price, popularity] = hasContext
      ? [3, 4, 5, 6].map((column) => numbersOf(batch, column))
      : [];
    for (let i = 0; i < batch.length; i++) {
      if (session[i] !== current) {
        sessions.endSession();
        current = session[i] ?? -1;
      }
      const value = token[i] ?? UNKNOWN_TOKEN;
      if (value === UNKNOWN_TOKEN) return false;
      const time = at[i] ?? Number.NaN;
      if (!hasContext) sessions.event(value, time);
      else {
        sessions.event(value, time, {
          token: value,
          at: time,
          page: page?.[i] ?? 0,
          pageIdentity: identity?.[i] ?? -1,
          price: price?.[i] ?? 0,
          popularity: popularity?.[i] ?? 0,
        });
      }
    }
  }
  sessions.endSession();
  return true;
}

async function firstUnknown(warehouse: Warehouse, relation: string): Promise<string> {
  const marks = NAMED_TOKENS.map(() => '?').join(', ');
  const rows = await warehouse.query<{ action: string | null }>(
    `select min(normalized_action) as "action" from ${relation} where normalized_action not in (${marks})`,
    { parameters: NAMED_TOKENS.map(([name]) => name) },
  );
  return rows[0]?.action ?? 'null';
}

/** A column of numbers. */
export function numbersOf(batch: Batch, index: number): Int32Array | Uint8Array | Float64Array {
  const column: ColumnVector | undefined = batch.columns[index];
  const values = column?.values;
  if (values instanceof Int32Array || values instanceof Uint8Array || values instanceof Float64Array) return values;
  throw new TypeError(
    `Column ${index} of the cart events came as ${values?.constructor.name ?? 'nothing'}, not as numbers.`,
  );
}
