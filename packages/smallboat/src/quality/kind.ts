import * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';
import type { Cell, ColumnType, Row } from '../warehouse/index.ts';

/** What is known of the relation before any of its rows is read. */
export interface TableFacts {
  readonly columns: readonly ColumnType[];
  /** The column as the warehouse has it. Throws `EXPECTATION_COLUMN_MISSING`, which fails the one expectation that asked. */
  column(name: string): ColumnType;
}

/** Did it hold, and what is said of it: the `result` of Great Expectations, JSON values only. */
export interface Verdict {
  readonly success: boolean;
  readonly result: Readonly<Record<string, unknown>>;
}

/** Values of the aggregates that a plan asked for, by the plan's names for them. */
export type Measured = Readonly<Record<string, Cell>>;

/** How an expectation is found out. The first two kinds of plan and most of the third share one scan of the relation. */
export type Plan =
  /** Known from the columns alone. */
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** One call of an aggregate function each, as SQL; the row condition is added to it as a filter. */
  | {
      readonly kind: 'measures';
      readonly measures: Readonly<Record<string, string>>;
      judge(measured: Measured): Verdict;
    }
  | RowsPlan
  /** Rows that agree in all of these columns are unexpected; a row with a null in one of them is not. */
  | { readonly kind: 'duplicates'; readonly columns: readonly string[]; readonly shows: 'value' | 'record' }
  /** A query of its own over `source`, after the scan. */
  | { readonly kind: 'query'; sql(source: string): string; judge(rows: readonly Row[]): Verdict };

/** A question to every row. */
export interface RowsPlan {
  readonly kind: 'rows';
  /** Columns that show what is wrong with a row. */
  readonly columns: readonly string[];
  /** How an unexpected row is shown: its value, a pair of values, or a record of columns. */
  readonly shows: 'value' | 'pair' | 'record';
  /** Condition that is true for a row that the expectation rejects; null counts as false. */
  readonly unexpected: string;
  /** Which rows are not asked: those without a value, by default; `null`: all are, and the result counts no missing ones. */
  readonly ignored?: string | null;
  /** Says that `unexpected` is never true of an ignored row, so that the scan need not ask twice. */
  readonly isStrict?: boolean;
}

/** One kind of expectation: how its arguments look, what it asks of the data, how it reads in plain words. */
export interface ExpectationKind<K = unknown> {
  readonly type: string;
  readonly kwargs: z.ZodType<K>;
  /** Other names under which suites have it. */
  readonly aliases?: readonly string[];
  plan(kwargs: K, table: TableFacts): Plan;
  /** A sentence without its full stop: `product_action is one of add, remove`. */
  sentence(kwargs: K): string;
}

export const kindErrors = defineErrors({
  EXPECTATION_COLUMN_MISSING: (f: { column: string; columns: readonly string[] }) =>
    `The column "${f.column}" does not exist; there are ${f.columns.join(', ') || 'none'}. Correct its name in the suite or in the relation.`,
});

/** Arguments that every expectation may have beside its own. */
export const COMMON = {
  mostly: z.number().min(0).max(1).nullish(),
  row_condition: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  condition_parser: z.string().nullish(),
  ignore_row_if: z
    .enum([
      'both_values_are_missing',
      'either_value_is_missing',
      'neither',
      'all_values_are_missing',
      'any_value_is_missing',
      'never',
    ])
    .nullish(),
  result_format: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  // Written by some versions; they change nothing here.
  catch_exceptions: z.boolean().nullish(),
  include_config: z.boolean().nullish(),
  batch_id: z.string().nullish(),
  auto: z.boolean().nullish(),
  profiler_config: z.unknown().optional(),
  meta: z.unknown().optional(),
} as const;

export type Common = z.infer<z.ZodObject<typeof COMMON>>;

export interface ExpectationDefinition<S extends z.ZodRawShape> {
  readonly type: string;
  /** Its own arguments, as a zod shape; those of every expectation (`mostly`, `row_condition`, …) are added. */
  readonly kwargs: S;
  readonly aliases?: readonly string[];
  readonly plan: (kwargs: z.infer<z.ZodObject<S & typeof COMMON>>, table: TableFacts) => Plan;
  readonly sentence: (kwargs: z.infer<z.ZodObject<S & typeof COMMON>>) => string;
}

/**
 * Declares a kind of expectation, ours or a user's own. An argument that it does not have is an error of the suite, so
 * that a misspelt `mostly` is not passed over.
 */
export function defineExpectation<S extends z.ZodRawShape>(definition: ExpectationDefinition<S>): ExpectationKind {
  const { type, kwargs, aliases = [], plan, sentence } = definition;
  const schema = z.strictObject({ ...COMMON, ...kwargs });
  // What the schema parses is what the two functions take; the list of kinds need not know each one's shape.
  return {
    type,
    aliases,
    kwargs: schema,
    plan,
    sentence,
  };
}
