import type { Cell } from '../../warehouse/index.ts';
import { quoteText } from '../../warehouse/index.ts';
import { familyOf } from './type-family.ts';

/**
 * One call of an aggregate function. As text it is taken as it is; as a function of the expression that it is about, it
 * can also be restricted to some rows where the warehouse has no `filter (where …)`.
 */
export type Aggregate = string | { readonly of: string; readonly call: (of: string) => string };

/** Several quantiles of one column: the aggregates to compute, and how to find the values in what came of them. */
export interface Quantiles {
  readonly measures: Readonly<Record<string, Aggregate>>;
  read(measured: Readonly<Record<string, Cell>>): readonly Cell[];
}

/** What the expectations ask of a warehouse's SQL where warehouses differ. All that is dialect is behind this. */
export interface Sql {
  /** Name of the dialect, as `Warehouse.dialect` has it. */
  readonly name: string;
  /** Whether an aggregate may be followed by `filter (where …)`. */
  readonly hasFilter: boolean;
  /** Name of the type that takes a text of any length, and of the 64-bit float. */
  readonly textType: string;
  readonly doubleType: string;
  /** What orders the rows of a table as they were written; undefined where nothing does. Views and queries have none. */
  readonly rowOrder: string | undefined;
  /** Number of rows for which a condition is true. */
  countIf(condition: string): string;
  /** A number as SQL, in the type in which Great Expectations sends it. */
  readonly number: (value: number) => string;
  /** A float where it is finite, else null: for functions that an infinity is an error to; undefined where there are none. */
  readonly finite?: (value: string) => string;
  /** The mean of an expression as a 64-bit float. */
  readonly mean: (value: string) => string;
  /** Whether regular expressions may look ahead. */
  readonly hasLookaround: boolean;
  /** True where the regular expression is found in the text. */
  matches(value: string, regex: string): string;
  /** True where the text is JSON; undefined where the warehouse cannot tell. */
  isJson(value: string): string | undefined;
  /** Values of the column at these ranks: values that occur (`disc`), or between two of them (`cont`). */
  quantiles(value: string, at: readonly number[], how: 'disc' | 'cont'): Quantiles;
  /** A value of a column of type `type` as text. */
  asText(value: string, type: string): string;
  /** A text in one of the common forms of dates as a timestamp; null where it is none. */
  timeOfText(value: string): string;
  /** True for a float that is NaN; undefined where there is no such type. */
  isNan(value: string): string;
  /** Seconds since 1970 of a date or timestamp. */
  epoch(value: string): string;
  /** About `rows` rows of a source, drawn at random with a seed. */
  sample(source: string, rows: { readonly wanted: number; readonly of: number; readonly seed: number }): string;
  /** Statements that make a table of a query's rows, in place of one that is there. */
  replaceTable(table: string, query: string): readonly string[];
  /** Statements that make a table that only this connection sees. */
  temporaryTable(table: string, query: string): readonly string[];
  /** A statement that writes a query's rows to a Parquet file on this machine; left out where the warehouse is on another. */
  readonly toFile?: (query: string, path: string) => string;
  /** Columns as one value that is the same for the same rows; none of them is null. */
  key(names: readonly string[]): string;
  /** The value of the row before it that meets a condition, in the order of the rows (`''`: as they come). */
  before(value: string, given: string, order: string): string;
  /** A list of those texts that are not null: which expectations a row failed. A list, or lines of a text where there are no lists. */
  listed(texts: readonly string[]): string;
  /** True where such a list holds a text. */
  holds(list: string, text: string): string;
}

/** What most warehouses have in common. */
export const COMMON_SQL: Omit<Sql, 'name' | 'quantiles' | 'matches' | 'isJson' | 'sample' | 'timeOfText'> = {
  hasFilter: true,
  textType: 'varchar',
  doubleType: 'double precision',
  rowOrder: undefined,
  countIf: (condition) => `count(case when ${condition} then 1 end)`,
  mean: (value) => `avg(1.0 * ${value})`,
  hasLookaround: false,
  asText: (value, type) => (familyOf(type) === 'text' ? value : `cast(${value} as varchar)`),
  number: (value) => String(value),
  isNan: () => 'false',
  epoch: (value) => `extract(epoch from ${value})`,
  replaceTable: (table, query) => [`drop table if exists ${table}`, `create table ${table} as ${query}`],
  temporaryTable: (table, query) => [`drop table if exists ${table}`, `create temporary table ${table} as ${query}`],
  key: (names) => (names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`),
  before: (value, given, order) => `lag(${value}) over (partition by ${given} order by ${order})`,
  listed: (texts) => texts.map((text) => `coalesce(${text} || chr(10), '')`).join(' || '),
  holds: (list, text) => `position(${quoteText(`${text}\n`)} in ${list}) > 0`,
};

/** `percentile_disc(q) within group (order by x)` for each of the ranks. */
export function orderedSetQuantiles(value: string, at: readonly number[], how: 'disc' | 'cont'): Quantiles {
  const names = at.map((_, i) => `q${i}`);
  const measures = at.map((q) => ({
    of: value,
    call: (of: string) => `percentile_${how}(${q}) within group (order by ${of})`,
  }));
  return {
    measures: Object.fromEntries(measures.map((measure, i) => [names[i], measure])),
    read: (measured) => names.map((name) => measured[name] ?? null),
  };
}

/** A value of a suite as SQL: a set's member, a bound. Texts take the type of the column that they are compared with. */
export function literal(sql: Pick<Sql, 'number'>, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : sql.number(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return quoteText(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Members of a set as SQL. */
export function literals(sql: Pick<Sql, 'number'>, values: readonly unknown[]): string {
  return values.map((value) => literal(sql, value)).join(', ');
}

/** Conditions that must all hold; `true` for none. */
export function allOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.map((c) => `(${c})`).join(' and ');
}

/** Conditions of which one must hold; `false` for none. */
export function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'false' : conditions.map((c) => `(${c})`).join(' or ');
}

/** An aggregate over the rows that meet all of some conditions. */
export function filtered(sql: Sql, aggregate: Aggregate, conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((c) => c !== undefined);
  const plain = typeof aggregate === 'string' ? aggregate : aggregate.call(aggregate.of);
  if (given.length === 0) return plain;
  if (sql.hasFilter) return `${plain} filter (where ${allOf(given)})`;
  if (typeof aggregate === 'string') throw new TypeError(`${sql.name} cannot filter ${aggregate}`);
  return aggregate.call(`case when ${allOf(given)} then ${aggregate.of} end`);
}

/** `count(*)`, in a form that can be filtered everywhere. */
export const COUNT_ROWS: Aggregate = { of: '1', call: (of) => (of === '1' ? 'count(*)' : `count(${of})`) };
