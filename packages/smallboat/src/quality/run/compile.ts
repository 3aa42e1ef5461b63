import type { ColumnType } from '../../warehouse/index.ts';
import type { Sql } from '../dialect/sql.ts';
import type { Common, EarlierRun, ExpectationKind, Plan, TableFacts } from '../kind.ts';
import { kindErrors } from '../kind.ts';
import { rowConditionSql } from '../suite/row-condition.ts';
import type { ExpectationConfig } from '../suite/suite.ts';
import type { Format } from './result-format.ts';
import { formatOf } from './result-format.ts';

/** An expectation made ready for one relation. */
export interface Compiled {
  readonly config: ExpectationConfig;
  readonly sentence: string;
  readonly mostly: number;
  readonly ignore: Common['ignore_row_if'];
  /** Rows that it is about at all, as SQL. */
  readonly rowCondition?: string;
  readonly plan: Plan;
  readonly format: Format;
}

export interface TableOptions {
  readonly columns: readonly ColumnType[];
  readonly sql: Sql;
  readonly now: Date;
  readonly resultsOf: '1' | '0.18';
}

/** The facts that plans ask for. Names of columns are found without regard to letter case, and in quotes. */
export function factsOf({ columns, sql, now, resultsOf }: TableOptions): TableFacts {
  return {
    columns,
    sql,
    now,
    resultsOf,
    column(name) {
      const bare = /^(["`]).*\1$/.test(name) ? name.slice(1, -1) : name;
      const found =
        columns.find((c) => c.name === name) ??
        columns.find((c) => c.name === bare) ??
        columns.find((c) => c.name.toLowerCase() === bare.toLowerCase());
      if (found === undefined) {
        throw kindErrors.EXPECTATION_COLUMN_MISSING({ column: name, columns: columns.map((c) => c.name) });
      }
      return found;
    },
  };
}

export interface CompileOptions {
  readonly kind: ExpectationKind;
  readonly table: TableFacts;
  /** The format of all results; the expectation's own counts where this is not given. */
  readonly format?: unknown;
  readonly earlier?: readonly EarlierRun[];
}

/** Turns an expectation into what the scan must compute. Throws what its kind throws. */
export function compile(config: ExpectationConfig, { kind, table, format, earlier }: CompileOptions): Compiled {
  const kwargs = kind.kwargs.parse(config.kwargs);
  const common = kwargs as Common; // every kind's schema has them
  const { row_condition, condition_parser, mostly, ignore_row_if, result_format } = common;
  const condition = row_condition ? rowConditionSql(row_condition, table, condition_parser) : undefined;
  return {
    config,
    sentence: sentenceOf(config, kind),
    mostly: mostly ?? 1,
    ignore: ignore_row_if,
    ...(condition === undefined ? {} : { rowCondition: condition }),
    plan: kind.plan(kwargs, earlier === undefined ? table : { ...table, earlier }),
    format: formatOf(format ?? result_format),
  };
}

/** What is expected, in words: the author's own, or the kind's with the condition. */
export function sentenceOf(config: ExpectationConfig, kind: ExpectationKind): string {
  if (config.description !== undefined) return config.description;
  const kwargs = kind.kwargs.safeParse(config.kwargs);
  if (!kwargs.success) return config.type;
  const { row_condition } = kwargs.data as Common; // as above
  const sentence = kind.sentence(kwargs.data);
  return row_condition ? `${sentence}, where ${conditionInWords(row_condition)}` : sentence;
}

function conditionInWords(condition: unknown): string {
  if (typeof condition === 'string') return condition;
  const { type, column, operator, parameter, is_null, conditions, pass_through_filter } = condition as Readonly<
    Record<string, unknown>
  >;
  if (Array.isArray(conditions)) return conditions.map(conditionInWords).join(` ${String(type)} `);
  if (typeof pass_through_filter === 'string') return pass_through_filter;
  const name = (column as { readonly name?: string } | undefined)?.name ?? '';
  if (type === 'nullity') return `${name} is ${is_null === true ? '' : 'not '}missing`;
  return `${name} ${String(operator).toLowerCase().replace('_', ' ')} ${Array.isArray(parameter) ? parameter.join(', ') : String(parameter)}`;
}
