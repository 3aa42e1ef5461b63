import { quoteName } from '../../warehouse/index.ts';
import { ignoredSql } from '../core/several-columns.ts';
import { COUNT_ROWS, allOf, filtered } from '../dialect/sql.ts';
import type { Sql } from '../dialect/sql.ts';
import type { Plan, RowsPlan } from '../kind.ts';
import type { Compiled } from './compile.ts';

/** A question to every row, with all of its conditions. */
export interface RowQuestion {
  readonly columns: readonly string[];
  readonly shows: 'value' | 'pair' | 'record';
  /** True for a row that fails, false or null for any other; may hold a window function. */
  readonly failing: string;
  /** The expectation is about missing values itself, so the result counts none. */
  readonly isAboutMissing: boolean;
}

type Context = Pick<Compiled, 'rowCondition' | 'ignore'> & { readonly sql: Sql; readonly source: string };

/** The aggregates that a plan needs of the shared scan, by the plan's names for them. */
export function aggregatesOf(
  plan: Plan,
  { rowCondition: condition, ignore, sql }: Context,
): Readonly<Record<string, string>> {
  const rows = (conditions: readonly (string | undefined)[]): string =>
    filtered(sql, COUNT_ROWS, [condition, ...conditions]);
  const values = (name: string): string =>
    filtered(sql, { of: quoteName(name), call: (of) => `count(${of})` }, [condition]);
  switch (plan.kind) {
    case 'measures':
      return Object.fromEntries(
        Object.entries(plan.measures).map(([name, aggregate]) => [name, filtered(sql, aggregate, [condition])]),
      );
    case 'rows': {
      const { asked, guarded } = conditionsOf(plan);
      const [only] = plan.columns;
      const isPlain = plan.ignored === undefined && plan.columns.length === 1 && only !== undefined;
      return {
        elements: rows([]),
        asked: isPlain ? values(only) : rows([asked]),
        unexpected: sql.countIf(allOf([condition, guarded].filter((c) => c !== undefined))),
      };
    }
    case 'duplicates': {
      const names = plan.columns.map(quoteName);
      const given = wholeRows(plan.columns);
      const asked = plan.columns.length === 1 ? given : `not (${ignoredSql(plan.columns, ignore)})`;
      return {
        elements: rows([]),
        asked: rows([asked]),
        keyed: rows([given]),
        distinct: filtered(sql, { of: sql.key(names), call: (of) => `count(distinct ${of})` }, [condition, given]),
      };
    }
    case 'values':
      return { elements: rows([]), asked: values(plan.column) };
    case 'verdict':
    case 'order':
    case 'distribution':
    case 'query':
    default:
      return {};
  }
}

/** The question of a plan that asks every row; undefined for the other kinds. */
export function questionOf(plan: Plan, context: Context): RowQuestion | undefined {
  const { rowCondition: condition, source } = context;
  if (plan.kind === 'rows') {
    const { guarded } = conditionsOf(plan);
    return {
      columns: plan.columns,
      shows: plan.shows,
      failing: allOf([condition, guarded].filter((c) => c !== undefined)),
      isAboutMissing: plan.ignored === null,
    };
  }
  if (plan.kind !== 'duplicates') return undefined;
  const given = allOf([condition, wholeRows(plan.columns)].filter((c) => c !== undefined));
  const key = plan.columns.map(quoteName).join(', ');
  return {
    columns: plan.columns,
    shows: plan.shows,
    // Rows that the condition leaves out must not count as twins of those it does not.
    failing: `${given} and (${key}) in (select ${key} from ${source} where ${given} group by ${key} having count(*) > 1)`,
    isAboutMissing: false,
  };
}

/** A query for the number of rows that have a twin, for when the scan says that there are some. */
export function twinsSql(columns: readonly string[], { rowCondition: condition, source }: Context): string {
  const given = allOf([condition, wholeRows(columns)].filter((c) => c !== undefined));
  const key = columns.map(quoteName).join(', ');
  return `select coalesce(sum(n), 0) as n from (select count(*) as n from ${source} where ${given} group by ${key} having count(*) > 1) as twins`;
}

function conditionsOf(plan: RowsPlan): { readonly asked: string | undefined; readonly guarded: string } {
  const ignored = plan.ignored === undefined ? anyMissing(plan.columns) : plan.ignored;
  const asked = ignored === null || ignored === 'false' ? undefined : `not (${ignored})`;
  return { asked, guarded: allOf(plan.isStrict || asked === undefined ? [plan.unexpected] : [asked, plan.unexpected]) };
}

function wholeRows(columns: readonly string[]): string {
  return `not (${anyMissing(columns)})`;
}

function anyMissing(columns: readonly string[]): string {
  return columns.map((name) => `${quoteName(name)} is null`).join(' or ');
}
