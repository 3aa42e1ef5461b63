import type { Dialect } from '../warehouse/index.ts';
import { factsOf, quoteText } from '../warehouse/index.ts';
import { POPULARITY_LEVELS } from './event-features.ts';

/** How a warehouse says what the statements of this room need and others say in another way. */
export interface FeatureSql {
  /** Types whose values come as arrays of numbers: up to 9 digits, 0 to 255, floating point. */
  readonly types: { readonly integer: string; readonly byte: string; readonly double: string };
  /** Milliseconds since 1970 of a timestamp. */
  readonly epochMs: (timestamp: string) => string;
  /** Whether two values are equal, or both missing. */
  readonly isSame: (a: string, b: string) => string;
  /** A timestamp so many seconds later. */
  readonly later: (timestamp: string, seconds: string) => string;
  /** The level of popularity, 1 to `POPULARITY_LEVELS`, of a product with `before` of `all` events. */
  readonly level: (before: string, all: string) => string;
  /** What a new table needs before it is joined with others, where the warehouse does not count its rows by itself. */
  readonly analyze?: (table: string) => string;
  /** A query for these rows: SQL of values, the first row's decide on the types. At least one row. */
  readonly rows: (columns: readonly string[], rows: readonly (readonly string[])[]) => string;
}

const standard: Omit<FeatureSql, 'epochMs'> = {
  types: { integer: 'integer', byte: 'smallint', double: 'double precision' },
  isSame: (a, b) => `${a} is not distinct from ${b}`,
  later: (timestamp, seconds) => `${timestamp} + (${seconds}) * interval '1 second'`,
  // Of whole numbers, so that a share of exactly a half is never a little more or less.
  level(before, all) {
    const cases = Array.from({ length: POPULARITY_LEVELS - 1 }, (_, i) => {
      return `when ${before} * ${2 ** (i + 1)} > ${all} then ${i + 1}`;
    });
    return `case ${cases.join(' ')} else ${POPULARITY_LEVELS} end`;
  },
  rows: (columns, rows) =>
    `select ${columns.join(', ')} from (values ${rows.map((row) => `(${row.join(', ')})`).join(', ')}) as listed(${columns.join(', ')})`,
};

const SQL: Readonly<Record<Dialect, Omit<FeatureSql, 'epochMs'>>> = {
  duckdb: {
    ...standard,
    types: { integer: 'integer', byte: 'utinyint', double: 'double' },
    later: (timestamp, seconds) => `${timestamp} + to_seconds(${seconds})`,
    level: (before, all) => `cast(least(${POPULARITY_LEVELS}, 1 + floor(-log2(${before} / ${all}))) as integer)`,
  },
  postgres: { ...standard, analyze: (table) => `analyze ${table}` },
  redshift: {
    ...standard,
    isSame: (a, b) => `(${a} = ${b} or (${a} is null and ${b} is null))`,
    later: (timestamp, seconds) => `dateadd(second, ${seconds}, ${timestamp})`,
    // VALUES stands in INSERT only.
    rows: (columns, rows) =>
      rows.map((row) => `select ${row.map((value, i) => `${value} as ${columns[i]}`).join(', ')}`).join(' union all '),
  },
  snowflake: {
    ...standard,
    types: { integer: 'number(9, 0)', byte: 'number(3, 0)', double: 'double' },
    later: (timestamp, seconds) => `dateadd(second, ${seconds}, ${timestamp})`,
  },
};

/** The SQL of a warehouse. */
export function featureSqlOf(dialect: Dialect): FeatureSql {
  return { ...SQL[dialect], epochMs: factsOf(dialect).epochMs };
}

/** A day as SQL. @param day `2016-10-08` */
export function daySql(day: string): string {
  return `date ${quoteText(day)}`;
}
