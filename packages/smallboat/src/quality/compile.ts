import type { ColumnType } from '../warehouse/index.ts';
import { quoteName } from '../warehouse/index.ts';
import { ignoredSql } from './core/several-columns.ts';
import type { Common, ExpectationKind, Plan, RowsPlan, TableFacts } from './kind.ts';
import { kindErrors } from './kind.ts';
import { rowConditionSql } from './row-condition.ts';
import { filtered } from './scan.ts';
import { allOf } from './sql.ts';
import type { ExpectationConfig } from './suite.ts';

/** An expectation made ready for one relation. */
export interface Compiled {
  readonly config: ExpectationConfig;
  readonly sentence: string;
  readonly mostly: number;
  /** Rows that it is about at all, as SQL. */
  readonly rowCondition?: string;
  readonly plan: Plan;
  /** The aggregates to compute, by the plan's names for them. */
  readonly aggregates: Readonly<Record<string, string>>;
  /** For expectations that ask every row: which they are, and how one is shown. */
  readonly rows?: RowQuestion;
}

/** A question to every row, with all of its conditions. */
export interface RowQuestion {
  readonly columns: readonly string[];
  readonly shows: 'value' | 'pair' | 'record';
  /** True for a row that fails, false or null for any other; may hold a window function. */
  readonly failing: string;
  /** A query for the number of failing rows, where the scan can only tell whether there are any. */
  readonly count?: (source: string) => string;
  /** The expectation is about missing values itself, so the result counts none. */
  readonly isAboutMissing: boolean;
}

/** The facts that plans ask for, from the columns of a relation. Names are found without regard to letter case. */
export function factsOf(columns: readonly ColumnType[]): TableFacts {
  return {
    columns,
    column(name) {
      const found =
        columns.find((c) => c.name === name) ?? columns.find((c) => c.name.toLowerCase() === name.toLowerCase());
      if (found === undefined) {
        throw kindErrors.EXPECTATION_COLUMN_MISSING({ column: name, columns: columns.map((c) => c.name) });
      }
      return found;
    },
  };
}

/** Turns an expectation into what the scan must compute. Throws what its kind throws. */
export function compile(config: ExpectationConfig, kind: ExpectationKind, table: TableFacts): Compiled {
  const kwargs = kind.kwargs.parse(config.kwargs);
  const common = kwargs as Common; // every kind's schema has them
  const plan = kind.plan(kwargs, table);
  const condition = common.row_condition ? rowConditionSql(common.row_condition) : undefined;
  const shared = {
    config,
    sentence: withCondition(kind.sentence(kwargs), common.row_condition),
    mostly: common.mostly ?? 1,
    ...(condition === undefined ? {} : { rowCondition: condition }),
    plan,
  };
  switch (plan.kind) {
    case 'verdict':
    case 'query':
      return { ...shared, aggregates: {} };
    case 'measures': {
      const named = Object.entries(plan.measures).map(([name, sql]) => [name, filtered(sql, [condition])]);
      return { ...shared, aggregates: Object.fromEntries(named) };
    }
    case 'rows':
      return { ...shared, ...everyRow(plan, condition) };
    case 'duplicates':
    default:
      return { ...shared, ...duplicates(plan.columns, plan.shows, condition, common.ignore_row_if) };
  }
}

function everyRow(plan: RowsPlan, condition: string | undefined): Pick<Compiled, 'aggregates' | 'rows'> {
  const { columns, shows, unexpected } = plan;
  const ignored = plan.ignored === undefined ? anyMissing(columns) : plan.ignored;
  const asked = ignored === null || ignored === 'false' ? undefined : `not (${ignored})`;
  const guarded = allOf(plan.isStrict || asked === undefined ? [unexpected] : [asked, unexpected]);
  const [only] = columns;
  // `count(column)` and `count_if` take half the time of `count(*)` with a filter.
  const isPlain = plan.ignored === undefined && columns.length === 1 && only !== undefined;
  return {
    aggregates: {
      elements: filtered('count(*)', [condition]),
      asked: isPlain ? filtered(`count(${quoteName(only)})`, [condition]) : filtered('count(*)', [condition, asked]),
      unexpected: filtered(`count_if(${guarded})`, [condition]),
    },
    rows: {
      columns,
      shows,
      failing: allOf([condition, guarded].filter((c) => c !== undefined)),
      isAboutMissing: ignored === null,
    },
  };
}

function duplicates(
  columns: readonly string[],
  shows: 'value' | 'record',
  condition: string | undefined,
  ignore: Common['ignore_row_if'],
): Pick<Compiled, 'aggregates' | 'rows'> {
  const names = columns.map(quoteName);
  const whole = `not (${anyMissing(columns)})`;
  const given = allOf([condition, whole].filter((c) => c !== undefined));
  const asked = columns.length === 1 ? whole : `not (${ignoredSql(columns, ignore)})`;
  const key = names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`;
  return {
    aggregates: {
      elements: filtered('count(*)', [condition]),
      asked: filtered('count(*)', [condition, asked]),
      keyed: filtered('count(*)', [given]),
      distinct: filtered(`count(distinct ${key})`, [given]),
    },
    rows: {
      columns,
      shows,
      // Rows that the condition leaves out must not count as twins of those it does not.
      failing: `${given} and count(*) over (partition by ${names.join(', ')}, ${given}) > 1`,
      count: (source) =>
        `select coalesce(sum(n), 0) as n from (select count(*) as n from ${source} where ${given} group by ${names.join(', ')} having count(*) > 1) as groups`,
      isAboutMissing: false,
    },
  };
}

function anyMissing(columns: readonly string[]): string {
  return columns.map((name) => `${quoteName(name)} is null`).join(' or ');
}

function withCondition(sentence: string, condition: Common['row_condition']): string {
  if (!condition) return sentence;
  return `${sentence}, where ${typeof condition === 'string' ? condition : rowConditionSql(condition).replaceAll('"', '')}`;
}
