import * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';
import type { Cell, ColumnType, Row } from '../warehouse/index.ts';
import type { Aggregate, Sql } from './dialect/sql.ts';

/** What is known of the relation before any of its rows is read. */
export interface TableFacts {
  readonly columns: readonly ColumnType[];
  /** The SQL of the warehouse that the relation is in. */
  readonly sql: Sql;
  /** The time of the validation. */
  readonly now: Date;
  /** Which version's results are wanted where they differ: `1` as 1.24 gives them, `0.18` as 0.13 to 0.18 do. */
  readonly resultsOf: '1' | '0.18';
  /** The column as the warehouse has it. Throws `EXPECTATION_COLUMN_MISSING`, which fails the one expectation that asked. */
  column(name: string): ColumnType;
  /** What earlier validations of this data found, the latest last: numbers that this expectation observed. */
  readonly earlier?: readonly EarlierRun[];
}

/** What an earlier validation of the same data found for the same expectation. */
export interface EarlierRun {
  /** Time of the validation, ISO 8601. */
  readonly at: string;
  readonly observed: unknown;
}

/** Did it hold, and what is said of it: the `result` of Great Expectations, JSON values only. */
export interface Verdict {
  readonly success: boolean;
  readonly result: Readonly<Record<string, unknown>>;
  /** What is added to the result where `COMPLETE` ones are wanted. */
  readonly complete?: Readonly<Record<string, unknown>>;
}

/** Values of the aggregates that a plan asked for, by the plan's names for them. */
export type Measured = Readonly<Record<string, Cell>>;

/**
 * How an expectation is found out. All aggregates of all plans share one scan of the relation. A plan that can only be
 * made when some figures are known (a z-score needs the mean) gives the next plan in place of a verdict: those share
 * another scan.
 */
export type Plan =
  /** Known from the columns alone. */
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** Aggregates; the row condition is added to each as a filter. */
  | {
      readonly kind: 'measures';
      readonly measures: Readonly<Record<string, Aggregate>>;
      judge(measured: Measured): Verdict | Plan;
    }
  | RowsPlan
  /** Rows that agree in all of these columns are unexpected; a row with a null in one of them is not. */
  | { readonly kind: 'duplicates'; readonly columns: readonly string[]; readonly shows: 'value' | 'record' }
  | OrderPlan
  | ValuesPlan
  | DistributionPlan
  /** A query of its own over `source`, after the scan. */
  | {
      readonly kind: 'query';
      sql(source: string): string;
      /** The rows are shown to a person: times in them come as ISO 8601. */
      readonly isShown?: boolean;
      judge(rows: readonly Row[]): Verdict | Plan;
    };

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

/** A question to every row with a value, about the value of the row before it that has one, in the order in which rows were written. */
export interface OrderPlan {
  readonly kind: 'order';
  readonly column: string;
  /** Condition that is true where `value` may not follow `before`. */
  unexpected(value: string, before: string): string;
}

/**
 * A question that SQL cannot ask (a JSON schema, a date in any form): each distinct value of the column is read once and
 * asked in this process. Values come as text.
 */
export interface ValuesPlan {
  readonly kind: 'values';
  readonly column: string;
  /** True for a value that the expectation accepts. */
  readonly accepts: (value: string) => boolean;
  /** A condition in SQL that only values that are accepted meet: those need not be read. */
  readonly surely?: string;
}

/** A question about all values of a column of numbers: each distinct one is read, with how often it occurs, in ascending order. */
export interface DistributionPlan {
  readonly kind: 'distribution';
  readonly column: string;
  judge(values: { readonly values: Float64Array; readonly counts: Float64Array }): Verdict;
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
  EXPECTATION_UNFIT: (f: { problem: string }) => `${f.problem} Correct the suite, or the column's type.`,
  EXPECTATION_UNSUPPORTED: (f: { what: string; dialect: string; instead: string }) =>
    `${f.what} cannot be asked of ${f.dialect}. ${f.instead}`,
});

/** Arguments that every expectation may have beside its own. */
export const COMMON = {
  mostly: z
    .number('mostly must be an integer or float')
    .min(0, 'mostly must be between 0 and 1')
    .max(1, 'mostly must be between 0 and 1')
    .nullish(),
  row_condition: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  condition_parser: z
    .enum(['pandas', 'spark', 'great_expectations', 'great_expectations__experimental__'], {
      error: () => "condition_parser must be 'pandas', 'spark' or 'great_expectations'",
    })
    .nullish(),
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
  windows: z.unknown().optional(),
  meta: z.unknown().optional(),
} as const;

export type Common = z.infer<z.ZodObject<typeof COMMON>>;

export interface ExpectationDefinition<S extends z.ZodRawShape> {
  readonly type: string;
  /** Its own arguments, as a zod shape; those of every expectation (`mostly`, `row_condition`, …) are added. */
  readonly kwargs: S;
  /** Checks that need more than one argument: the problem in words, or undefined. */
  readonly check?: (kwargs: z.infer<z.ZodObject<S & typeof COMMON>>) => string | undefined;
  readonly aliases?: readonly string[];
  readonly plan: (kwargs: z.infer<z.ZodObject<S & typeof COMMON>>, table: TableFacts) => Plan;
  readonly sentence: (kwargs: z.infer<z.ZodObject<S & typeof COMMON>>) => string;
}

/**
 * Declares a kind of expectation, ours or a user's own. An argument that it does not have is an error of the suite, so
 * that a misspelt `mostly` is not passed over.
 */
export function defineExpectation<S extends z.ZodRawShape>(definition: ExpectationDefinition<S>): ExpectationKind {
  const { type, kwargs, check, aliases = [], plan, sentence } = definition;
  const shape = z.strictObject({ ...COMMON, ...kwargs });
  const schema =
    check === undefined
      ? shape
      : shape.check((context) => {
          const message = check(context.value);
          if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
        });
  return { type, aliases, kwargs: schema, plan, sentence };
}
