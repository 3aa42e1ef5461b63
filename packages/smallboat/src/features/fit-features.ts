import { defineErrors } from '../kernel/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import { popularitySql, pricesSql } from './cart-sql.ts';
import type { FeatureName } from './event-features.ts';
import { FEATURE_NAMES, MAX_PAGES, columnsOf } from './event-features.ts';
import type { FeatureSet } from './feature-set.ts';
import { featureSqlOf } from './feature-sql.ts';
import type { Protocol } from './sequence.ts';
import type { SplitOptions } from './split.ts';
import { splitAt } from './split.ts';

/** Where features are fitted. */
export interface FeatureSource {
  readonly warehouse: Warehouse;
  readonly relation: string;
  readonly products: string;
  readonly signal?: AbortSignal;
}

export interface FitFeaturesOptions {
  readonly protocol?: Protocol;
  readonly features?: readonly FeatureName[];
  readonly pages?: number;
  readonly fitted?: FeatureSet;
  readonly split: SplitOptions;
}

export const featureErrors = defineErrors({
  FEATURES_INVALID: (f: { problem: string; known: string }) =>
    `These features cannot be made: ${f.problem}. Known are ${f.known}; pages are 0 to ${MAX_PAGES}; the seed protocol knows actions only.`,
});

/** A feature set, and the first day that is not wholly in the training part. */
export interface FittedFeatures {
  readonly set: FeatureSet;
  readonly lastDay: string;
}

/**
 * Learns what features need, from events before the training part ends and from nothing later: the frequent pages, and how popular each
 * product was by then. Undefined where no features are asked for.
 *
 * @throws FEATURES_INVALID
 */
export async function fitFeatures(
  source: FeatureSource,
  options: FitFeaturesOptions,
): Promise<FittedFeatures | undefined> {
  const { protocol, fitted, split } = options;
  const names = fitted?.names ?? options.features ?? [];
  if (names.length === 0) return undefined;
  const pages = options.pages ?? 48;
  const known = FEATURE_NAMES.join(', ');
  const strange = names.find((name, i) => !FEATURE_NAMES.includes(name) || names.indexOf(name) !== i);
  const problem =
    strange === undefined
      ? protocol === 'seed'
        ? `protocol seed with ${names.join(', ')}`
        : !(Number.isInteger(pages) && pages >= 0 && pages <= MAX_PAGES)
          ? `${pages} pages`
          : undefined
      : `'${strange}' is not known, or named twice`;
  if (problem !== undefined) throw featureErrors.FEATURES_INVALID({ problem, known });
  const until = await trainingEnd(source, split);
  const lastDay = lastDayOf(until);
  if (fitted !== undefined) return { set: fitted, lastDay };
  const frequent = names.includes('page') ? await frequentPages(source, until, pages) : [];
  const products = await productTable(source, names, lastDay);
  return { set: { names, columns: columnsOf(names, frequent.length), pages: frequent, products }, lastDay };
}

/** The first day that is not wholly before a moment: `2016-10-08`. */
export function lastDayOf(trainUntil: number): string {
  return new Date(asTime(trainUntil)).toISOString().slice(0, 10);
}

/** When the training part ends, ms since 1970; infinite where there is nothing after it. */
async function trainingEnd({ warehouse, relation, signal }: FeatureSource, split: SplitOptions): Promise<number> {
  if (split.trainUntil !== undefined) return split.trainUntil;
  const times: Float64Array[] = [];
  const { epochMs, types } = featureSqlOf(warehouse.dialect);
  const sql = `select cast(${epochMs('min(server_timestamp)')} as ${types.double}) as first_add from ${relation}
    where normalized_action = 'add' group by session_id_hash, organization_id order by 1`;
  for await (const { columns } of warehouse.stream(sql, signal === undefined ? {} : { signal })) {
    const values = columns[0]?.values;
    if (values instanceof Float64Array) times.push(values);
  }
  const all = new Float64Array(times.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of times) {
    all.set(part, at);
    at += part.length;
  }
  return all.length === 0 ? Number.POSITIVE_INFINITY : splitAt(all, split).trainUntil;
}

const asTime = (ms: number): number => Math.min(ms, Date.UTC(9999, 0, 1));

/** The pages that occur in the most cart sessions of the training part, the most frequent first. */
async function frequentPages(
  { warehouse, relation, signal }: FeatureSource,
  until: number,
  limit: number,
): Promise<string[]> {
  const { epochMs, isSame } = featureSqlOf(warehouse.dialect);
  const rows = await warehouse.query<{ page: string }>(
    `with cart as (
       select session_id_hash, organization_id from ${relation} where normalized_action = 'add'
       group by session_id_hash, organization_id having ${epochMs('min(server_timestamp)')} < ?
     )
     select event.hashed_url as "page" from ${relation} as event
     inner join cart on event.session_id_hash = cart.session_id_hash
       and ${isSame('event.organization_id', 'cart.organization_id')}
     where event.hashed_url is not null and ${epochMs('event.server_timestamp')} < ?
     group by event.hashed_url order by count(*) desc, event.hashed_url limit ${limit}`,
    { parameters: [asTime(until), asTime(until)], ...(signal === undefined ? {} : { signal }) },
  );
  return rows.map(({ page }) => page);
}

/** Price and popularity of each product, as they are when the training part ends. */
async function productTable(
  { warehouse, relation, products, signal }: FeatureSource,
  names: readonly FeatureName[],
  lastDay: string,
): Promise<Record<string, readonly [number, number]>> {
  const table: Record<string, [number, number]> = {};
  const query = async (sql: string, place: 0 | 1): Promise<void> => {
    const rows = await warehouse.query<{ product: string; value: number }>(sql, signal === undefined ? {} : { signal });
    for (const { product, value } of rows) (table[product] ??= [0, 0])[place] = value;
  };
  if (names.includes('price')) {
    await query(
      `select product_sku_hash as "product", price as "value" from (${pricesSql(products)}) as prices order by product_sku_hash`,
      0,
    );
  }
  if (names.includes('popularity')) {
    const levels = await popularitySql(warehouse.dialect, relation, lastDay);
    await query(
      `select product_sku_hash as "product", level as "value" from (${levels}) as levels where day = date '${lastDay}' order by product_sku_hash`,
      1,
    );
  }
  return table;
}
