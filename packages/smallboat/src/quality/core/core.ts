import type { ExpectationKind } from '../kind.ts';
import { DBT_KINDS } from '../dbt/dbt-kinds.ts';
import { LEARNED_KINDS } from '../learn/learned.ts';
import { COLUMN_KINDS } from './columns.ts';
import { DISTINCT_KINDS } from './distinct.ts';
import { DISTRIBUTION_KINDS } from './distributions.ts';
import { FORM_KINDS } from './forms.ts';
import { MEASURE_KINDS } from './measures.ts';
import { ORDER_KINDS } from './order.ts';
import { OUTLIER_KINDS } from './outliers.ts';
import { PATTERN_KINDS } from './patterns.ts';
import { QUANTILE_KINDS } from './quantiles.ts';
import { QUERY_KINDS } from './queries.ts';
import { SEVERAL_COLUMN_KINDS } from './several-columns.ts';
import { TYPE_KINDS } from './types.ts';
import { VALUE_KINDS } from './values.ts';

/** Every kind that is built in. */
export const CORE: readonly ExpectationKind[] = [
  ...COLUMN_KINDS,
  ...TYPE_KINDS,
  ...VALUE_KINDS,
  ...PATTERN_KINDS,
  ...FORM_KINDS,
  ...ORDER_KINDS,
  ...OUTLIER_KINDS,
  ...SEVERAL_COLUMN_KINDS,
  ...MEASURE_KINDS,
  ...QUANTILE_KINDS,
  ...DISTINCT_KINDS,
  ...DISTRIBUTION_KINDS,
  ...QUERY_KINDS,
  ...LEARNED_KINDS,
  ...DBT_KINDS,
];

/** All kinds by their name and their other names: ours, and then the user's, which may replace ours. */
export function kindsByType(own: readonly ExpectationKind[] = []): ReadonlyMap<string, ExpectationKind> {
  const all = [...CORE, ...own];
  return new Map(all.flatMap((kind) => [kind.type, ...(kind.aliases ?? [])].map((name) => [name, kind] as const)));
}
