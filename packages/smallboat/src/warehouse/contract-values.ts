import type { Dialect, Warehouse } from './warehouse.ts';

export interface WarehouseContract {
  readonly name: string;
  /** A warehouse with nothing in it, and a schema that names without one go to. Each call another. */
  readonly create: () => Promise<Warehouse>;
  /** What this one, or the stand-in that it is tested on, does not do, each with the reason. */
  readonly lacks?: Partial<Readonly<Record<Ability, string>>>;
}

/** What may be lacking: say why. */
export type Ability =
  | 'list cells'
  | 'quotes in names of text columns'
  | 'cancellation'
  | 'positions'
  | 'schemas'
  | 'snapshots';

/** A query of n rows with the numbers from 0 as "i". */
export function series(dialect: Dialect, n: number): string {
  if (dialect === 'snowflake') {
    return `SELECT CAST(ROW_NUMBER() OVER (ORDER BY 1) - 1 AS INTEGER) AS "i" FROM TABLE(GENERATOR(ROWCOUNT => ${n}))`;
  }
  return `SELECT CAST(i AS INTEGER) AS "i" FROM generate_series(0, ${n - 1}) AS numbers (i)`;
}

/** Texts that a careless hand would spoil. */
export const HOSTILE = [
  "it's",
  '"quoted"',
  'a\\b\\n',
  'line\nbreak\r\nand\ttab',
  '; DROP TABLE t; --',
  '/* ? */ $1 $$ %s {{ x }}',
  'é 🛶 中文 \u2028',
  ' spaces ',
  'NULL',
  '\\N',
  '\\.',
  '',
  ',',
  '{"a": [1, "x"]}',
  '?',
];
