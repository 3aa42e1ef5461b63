import { aliased } from './aliased.ts';
import type { Cell, Row, Warehouse } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { allOf } from '../dialect/sql.ts';
import type { Sql } from '../dialect/sql.ts';
import { jsonRow } from '../json-value.ts';
import { isNumeric } from '../dialect/type-family.ts';
import type { DistributionPlan, OrderPlan, Plan, ValuesPlan, Verdict } from '../kind.ts';
import { kindErrors } from '../kind.ts';
import type { Compiled } from './compile.ts';
import type { RowQuestion } from './question.ts';
import { aggregatesOf, questionOf, twinsSql } from './question.ts';
import type { RowCounts } from './result.ts';
import { scan } from './scan.ts';

/** What an expectation came to: a verdict, the counts of a question to every row, or an error. */
export type Settled =
  | { readonly is: 'verdict'; readonly verdict: Verdict }
  | { readonly is: 'counted'; readonly counts: RowCounts; readonly question: RowQuestion }
  | { readonly is: 'raised'; readonly error: Error };

export interface SettleOptions {
  readonly warehouse: Warehouse;
  readonly sql: Sql;
  /** What follows `from`. */
  readonly source: string;
  /** What orders the rows: a column, '' where they come in order, undefined where they have none. */
  readonly rowOrder: () => Promise<string | undefined>;
  readonly typeOf: (column: string) => string;
  readonly signal?: AbortSignal | undefined;
  /** Notes that statements were sent. */
  readonly count: (statements: number) => void;
}

/**
 * Finds out what each expectation comes to: one scan for all that can share it, a second one for those that needed
 * figures of the first, and queries of their own for the few that are no aggregate.
 */
export async function settle(items: readonly Compiled[], options: SettleOptions): Promise<readonly Settled[]> {
  const settled = new Map<number, Settled>();
  let open: readonly (readonly [index: number, plan: Plan])[] = items.map(({ plan }, i) => [i, plan]);
  while (open.length > 0) {
    const needs = open.map(([i, plan]) => aggregatesOf(plan, contextOf(items[i], options)));
    const wanted = needs.map((aggregates) => ({ aggregates: Object.values(aggregates) }));
    const scanned = await scan(options.warehouse, wanted, options);
    options.count(scanned.statements);
    const next: [number, Plan][] = [];
    for (const [place, [i, plan]] of open.entries()) {
      const failure = scanned.failures.get(place);
      if (failure !== undefined) {
        settled.set(i, { is: 'raised', error: failure });
        continue;
      }
      const measured = Object.fromEntries(
        Object.entries(needs[place] ?? {}).map(([name, sql]) => [name, scanned.values.get(sql) ?? null]),
      );
      const step = await attempt(() => stepOf(plan, measured, { item: items[i], options }), options.signal);
      if ('kind' in step) next.push([i, step]);
      else settled.set(i, step);
    }
    open = next;
  }
  return items.map((_, i) => settled.get(i) ?? { is: 'raised', error: new Error('it was not asked') });
}

async function attempt(work: () => Promise<Settled | Plan>, signal: AbortSignal | undefined): Promise<Settled | Plan> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return { is: 'raised', error };
  }
}

function contextOf(item: Compiled | undefined, { sql, source }: Pick<SettleOptions, 'sql' | 'source'>) {
  return {
    sql,
    source,
    ignore: item?.ignore,
    ...(item?.rowCondition === undefined ? {} : { rowCondition: item.rowCondition }),
  };
}

interface Step {
  readonly item: Compiled | undefined;
  readonly options: SettleOptions;
}

type Measured = Readonly<Record<string, Cell>>;

async function stepOf(plan: Plan, measured: Measured, step: Step): Promise<Settled | Plan> {
  const { item, options } = step;
  const context = contextOf(item, options);
  switch (plan.kind) {
    case 'verdict':
      return { is: 'verdict', verdict: plan.verdict };
    case 'measures':
      return settledOf(plan.judge(measured));
    case 'query': {
      const sql = plan.sql(filteredSource(step));
      return settledOf(plan.judge(await (plan.isShown ? shownRows(sql, options) : query(sql, options))));
    }
    case 'rows':
    case 'duplicates': {
      const question = questionOf(plan, context);
      if (question === undefined) throw new TypeError(`A plan of kind ${plan.kind} has no question`);
      const counts = {
        elements: Number(measured['elements'] ?? 0),
        asked: question.isAboutMissing ? null : Number(measured['asked'] ?? 0),
        unexpected: Number(measured['unexpected'] ?? 0),
      };
      if (plan.kind === 'rows' || measured['keyed'] === measured['distinct'])
        return { is: 'counted', counts, question };
      const [row] = await query(twinsSql(plan.columns, context), options);
      return { is: 'counted', counts: { ...counts, unexpected: Number(row?.['n'] ?? 0) }, question };
    }
    case 'order':
      return askOrder(plan, step);
    case 'values':
      return askValues(plan, measured, step);
    case 'distribution':
    default:
      return askDistribution(plan, step);
  }
}

function settledOf(outcome: Verdict | Plan): Settled | Plan {
  return 'kind' in outcome ? outcome : { is: 'verdict', verdict: outcome };
}

async function query(sql: string, { warehouse, signal, count }: SettleOptions): Promise<readonly Row[]> {
  count(1);
  return (await warehouse.query(sql, signal === undefined ? {} : { signal })).map(aliased);
}

/** Rows as a person reads them: times as ISO 8601. */
async function shownRows(sql: string, { warehouse, signal, count }: SettleOptions): Promise<readonly Row[]> {
  count(1);
  const { columns, rows } = await warehouse.table(sql, signal === undefined ? {} : { signal });
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  return rows.map(
    (cells) => jsonRow(Object.fromEntries(columns.map(({ name }, i) => [name, cells[i] ?? null])), types) as Row,
  );
}

/** The rows that an expectation is about at all, for a query of its own. */
function filteredSource({ item, options: { source } }: Step): string {
  return item?.rowCondition === undefined ? source : `(select * from ${source} where ${item.rowCondition}) as source`;
}

async function askOrder(plan: OrderPlan, { item, options }: Step): Promise<Settled> {
  const order = await options.rowOrder();
  if (order === undefined) {
    throw kindErrors.EXPECTATION_UNSUPPORTED({
      what: 'The order in which rows were written',
      dialect: `a view or a query, or of ${options.sql.name}`,
      instead: 'Give the table itself, or a column to compare with.',
    });
  }
  const name = quoteName(plan.column);
  const condition = item?.rowCondition;
  const given = allOf([condition, `${name} is not null`].filter((c) => c !== undefined));
  const before = options.sql.before(name, given, order);
  const failing = `${given} and ${plan.unexpected(name, before)}`;
  const [row] = await query(
    `select count(*) as elements, count(value) as asked, ${options.sql.countIf('failing')} as unexpected
from (select ${name} as value, ${condition ?? 'true'} as asked_of, ${failing} as failing from ${options.source}) as rows_in_order where asked_of`,
    options,
  );
  const number = (key: string): number => Number(row?.[key] ?? 0);
  return {
    is: 'counted',
    counts: { elements: number('elements'), asked: number('asked'), unexpected: number('unexpected') },
    question: { columns: [plan.column], shows: 'value', failing, isAboutMissing: false },
  };
}

let tables = 0;

async function askValues(plan: ValuesPlan, measured: Measured, { item, options }: Step): Promise<Settled> {
  const { warehouse, sql, source, signal, count } = options;
  const name = quoteName(plan.column);
  const text = sql.asText(name, options.typeOf(plan.column));
  const given = allOf([item?.rowCondition, `${name} is not null`].filter((c) => c !== undefined));
  const asked = plan.surely === undefined ? given : `${given} and not (${plan.surely})`;
  count(1);
  const rejected: string[] = [];
  let unexpected = 0;
  const statement = `select ${text} as value, cast(count(*) as ${sql.doubleType}) as n from ${source} where ${asked} group by 1`;
  for await (const { columns, length } of warehouse.stream(statement, signal === undefined ? {} : { signal })) {
    const [values, counts] = [columns[0]?.values ?? [], columns[1]?.values ?? []];
    for (let i = 0; i < length; i++) {
      const value = String(values[i]);
      if (plan.accepts(value)) continue;
      rejected.push(value);
      unexpected += Number(counts[i] ?? 0);
    }
  }
  const table = `smallboat_values_${(tables += 1)}`;
  if (rejected.length > 0) await keep(rejected, table, options);
  return {
    is: 'counted',
    counts: { elements: Number(measured['elements'] ?? 0), asked: Number(measured['asked'] ?? 0), unexpected },
    question: {
      columns: [plan.column],
      shows: 'value',
      failing: rejected.length === 0 ? 'false' : `${given} and ${text} in (select value from ${table})`,
      isAboutMissing: false,
    },
  };
}

/** Values that are sent in one statement. */
const SENT = 500;

async function keep(values: readonly string[], table: string, { warehouse, sql, count }: SettleOptions): Promise<void> {
  for (const statement of sql.temporaryTable(table, `select cast('' as ${sql.textType}) as value where 1 = 0`)) {
    await warehouse.execute(statement);
  }
  for (let at = 0; at < values.length; at += SENT) {
    const parameters = values.slice(at, at + SENT);
    await warehouse.execute(`insert into ${table} values ${parameters.map(() => '(?)').join(', ')}`, { parameters });
  }
  count(1 + Math.ceil(values.length / SENT));
}

async function askDistribution(plan: DistributionPlan, step: Step): Promise<Settled> {
  const { warehouse, sql, signal, count, typeOf } = step.options;
  if (!isNumeric(typeOf(plan.column)))
    throw kindErrors.EXPECTATION_UNFIT({ problem: `${plan.column} holds no numbers.` });
  const name = quoteName(plan.column);
  const values: number[] = [];
  const counts: number[] = [];
  count(1);
  const statement = `select cast(${name} as ${sql.doubleType}) as value, cast(count(*) as ${sql.doubleType}) as n from ${filteredSource(step)} where ${name} is not null group by 1 order by 1`;
  for await (const { columns, length } of warehouse.stream(statement, signal === undefined ? {} : { signal })) {
    for (let i = 0; i < length; i++) {
      values.push(Number(columns[0]?.values[i]));
      counts.push(Number(columns[1]?.values[i]));
    }
  }
  return {
    is: 'verdict',
    verdict: plan.judge({ values: Float64Array.from(values), counts: Float64Array.from(counts) }),
  };
}
