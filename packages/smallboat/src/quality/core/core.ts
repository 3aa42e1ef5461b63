import type { ExpectationKind } from '../kind.ts';
import { COLUMN_KINDS } from './columns.ts';
import { MEASURE_KINDS } from './measures.ts';
import { ROW_KINDS } from './rows.ts';
import { SET_KINDS } from './sets.ts';
import { SEVERAL_COLUMN_KINDS } from './several-columns.ts';

const CORE: readonly ExpectationKind[] = [
  ...COLUMN_KINDS,
  ...ROW_KINDS,
  ...SEVERAL_COLUMN_KINDS,
  ...MEASURE_KINDS,
  ...SET_KINDS,
];

/** All kinds by their name and their other names: ours, and then the user's, which may replace ours. */
export function kindsByType(own: readonly ExpectationKind[] = []): ReadonlyMap<string, ExpectationKind> {
  const all = [...CORE, ...own];
  return new Map(all.flatMap((kind) => [kind.type, ...(kind.aliases ?? [])].map((name) => [name, kind] as const)));
}
