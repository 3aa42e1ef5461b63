import type { WorkOptions } from '../../kernel/index.ts';
import { sha256 } from '../../kernel/index.ts';
import type { Row, Warehouse } from '../../warehouse/index.ts';
import { kindsByType } from '../core/core.ts';
import { sqlOf } from '../dialect/dialects.ts';
import type { Sql } from '../dialect/sql.ts';
import type { EarlierRun, ExpectationKind, TableFacts } from '../kind.ts';
import { dataNameOf, isQuery, sourceOf } from '../source.ts';
import type { ParameterScope } from '../suite/parameters.ts';
import { withParameters } from '../suite/parameters.ts';
import type { ExpectationConfig, Suite } from '../suite/suite.ts';
import { oneLine, suiteErrors } from '../suite/suite.ts';
import type { Compiled } from './compile.ts';
import { compile, factsOf, sentenceOf } from './compile.ts';
import { columnsOf } from './columns.ts';
import { detailsOf } from './details.ts';
import type { MarkOptions, Marked } from './marked.ts';
import { emptyQuarantine, keepGoodRows, markRows, sampleMany } from './marked.ts';
import { raised, resultOf } from './outcome.ts';
import type { ResultFormatOption } from './result-format.ts';
import { rowsNeeded } from './result-format.ts';
import type { ExpectationResult, Quarantine, ValidationResult } from './result.ts';
import { isMet, statisticsOf } from './result.ts';
import type { Settled } from './settle.ts';
import { settle } from './settle.ts';

export interface ValidateOptions extends WorkOptions {
  readonly suite: Suite;
  readonly warehouse: Warehouse;
  /** A table or view (`public.session_stats`, quoted as needed), or a query in brackets: `(select … from …)`. */
  readonly relation: string;
  /** Name of this validation in results and pages: `<flow>-<run>-<data>`. */
  readonly runName: string;
  /** Short name of the data, for the quarantine table and pages. Default: from the relation, or the suite's for a query. */
  readonly dataName?: string;
  /** How much each result says. Default: what each expectation asks for itself, and else `SUMMARY`. */
  readonly resultFormat?: ResultFormatOption;
  /** Copy the rows that failed expectations reject to `quality_quarantine.<dataName>`. Default false. */
  readonly quarantine?: boolean;
  /** A folder for a Parquet file of them instead: where the warehouse is in memory. DuckDB only. */
  readonly quarantineFolder?: string;
  /** A table for the rows that no failed expectation rejects. Default: what the suite says in `meta.smallboat.good_rows`. */
  readonly goodRows?: string;
  /** Kinds of expectation beyond those built in. */
  readonly expectations?: readonly ExpectationKind[];
  /** Values for `{"$PARAMETER": "name"}` in arguments; they go before those that the suite holds. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Figures of earlier validations, for parameters that name them. */
  readonly metric?: ParameterScope['metric'];
  /** What earlier validations found, for expectations that learn from them. */
  readonly earlier?: (config: ExpectationConfig) => readonly EarlierRun[];
  /** The rows of a query come in the order in which they were written: so it is with a file that is read alone. */
  readonly isInOrder?: boolean;
  /** Which version's results are wanted where versions differ. Default: that of the suite. */
  readonly resultsOf?: '1' | '0.18';
  /** The time that is written into the result, and that `now()` is. */
  readonly clock?: () => Date;
}

/**
 * Runs a suite over a relation. What can be computed in one scan is; rows that fail are found in one more. An expectation
 * that cannot be computed (it is not known, a column is missing, a regular expression is wrong) counts as failed and says
 * why in `exception_info`, and the others are still judged.
 *
 * Rejects with `RELATION_NOT_FOUND`, and with `STATEMENT_FAILED` when a query given as relation does not run.
 */
export async function validate(options: ValidateOptions): Promise<ValidationResult> {
  const { suite, warehouse, relation, onProgress, signal } = options;
  const started = performance.now();
  const now = (options.clock ?? (() => new Date()))();
  const dataName = options.dataName ?? dataNameOf(relation, suite.name);
  const sql = sqlOf(warehouse.dialect);
  const columns = await columnsOf(warehouse, relation);
  const table = factsOf({ columns, sql, now, resultsOf: options.resultsOf ?? suite.resultsOf ?? '1' });
  const compiled = compileAll(options, table);
  onProgress?.(0.05, `${dataName}: ${suite.expectations.length} expectations`);

  let statements = 0;
  const shared = {
    warehouse,
    sql,
    source: sourceOf(relation),
    columns: columns.map((c) => c.name),
    signal,
    count: (sent: number) => void (statements += sent),
  };
  const ready = compiled.flatMap((c, index) => ('plan' in c ? [{ item: c, index }] : []));
  const rowOrder = once(() => rowOrderOf(options, sql));
  const settled = await settle(
    ready.map(({ item }) => item),
    { ...shared, rowOrder, typeOf: (name) => table.column(name).type },
  );
  onProgress?.(0.6, dataName);
  const found = ready.map(({ item, index }, i) => ({ item, index, settled: settled[i] ?? NOT_ASKED }));
  const rows = await rowsOf(found, { ...shared, rowOrder }, { options, dataName });
  const results = compiled.map((item, index): ExpectationResult => {
    if (!('plan' in item)) return item;
    const outcome = found.find((one) => one.index === index)?.settled ?? NOT_ASKED;
    const details = detailsOf(outcome, item, { relation, columns, sample: rows.samples.get(index) ?? [] });
    return resultOf(item, outcome, { sample: details, resultsOf: table.resultsOf });
  });
  onProgress?.(1, dataName);
  return {
    success: results.every((r) => r.success),
    results,
    suite_name: suite.name,
    suite_parameters: options.parameters ?? {},
    statistics: statisticsOf(results),
    meta: metaOf(options, {
      dataName,
      time: now,
      smallboat: {
        relation,
        seconds: Math.round(performance.now() - started) / 1000,
        statements,
        quarantine: rows.quarantine,
        rows: rowCount(found.map((one) => one.settled)),
        columns,
        ...(rows.goodRows === undefined ? {} : { goodRows: rows.goodRows }),
      },
    }),
    id: null,
  };
}

const NOT_ASKED: Settled = { is: 'raised', error: new Error('it was not asked') };

interface Found {
  readonly item: Compiled;
  readonly index: number;
  readonly settled: Settled;
}

interface Rows {
  readonly samples: ReadonlyMap<number, readonly Row[]>;
  readonly quarantine: Quarantine | null;
  readonly goodRows?: string;
}

type Shared = Omit<MarkOptions, 'rowOrder'> & { readonly rowOrder: () => Promise<string | undefined> };

/** Rows that a person reads at least beside the values that failed. */
const SHOWN = 5;

/** The failing rows: samples for the results, all of them for the quarantine, and the others where they may go on. */
async function rowsOf(
  found: readonly Found[],
  shared: Shared,
  { options, dataName }: { readonly options: ValidateOptions; readonly dataName: string },
): Promise<Rows> {
  const { warehouse, runName } = options;
  const { sql } = shared;
  const wanted = found.flatMap(({ item, index, settled }) => {
    if (settled.is !== 'counted' || settled.counts.unexpected === 0) return [];
    const isFailed = !isMet(settled.counts, item.mostly);
    const needed = rowsNeeded(item.format);
    const sample = needed === 0 ? 0 : Math.max(needed, SHOWN);
    const reason = isFailed ? { reason: reasonOf(item, index, found) } : {};
    const { question, counts } = settled;
    // Windows see all rows or none; and where few rows fail, all of them are as soon found as the first.
    const isMany = counts.unexpected > 100 * sample && !/ over \(/.test(question.failing);
    return [{ index, question, sample, isFailed, isMany, ...reason }];
  });
  const failed = wanted.filter((one) => one.isFailed);
  const folder = sql.toFile === undefined ? undefined : options.quarantineFolder;
  const place = { name: dataName, folder };
  const goodRows = options.goodRows ?? goodRowsOf(options.suite);
  const isQuarantined = options.quarantine === true && failed.length > 0;
  const isKept = (one: { readonly isFailed: boolean }): boolean => isQuarantined && one.isFailed;
  const asked = wanted.filter((one) => isKept(one) || (one.sample > 0 && !one.isMany));
  const many = wanted.filter((one) => !isKept(one) && one.sample > 0 && one.isMany);
  const mark = { ...shared, rowOrder: asked.length === 0 ? undefined : await shared.rowOrder() };
  let marked: Marked | undefined;
  try {
    if (asked.length > 0) marked = await markRows(asked, mark);
    const samples = new Map([...((await marked?.samples()) ?? []), ...(await sampleMany(many, mark))]);
    const quarantine = isQuarantined ? ((await marked?.quarantine(place, runName)) ?? null) : null;
    if (options.quarantine === true && !isQuarantined) await emptyQuarantine(warehouse, place);
    if (goodRows === undefined) return { samples, quarantine };
    await keepGoodRows(
      goodRows,
      failed.map(({ question }) => question),
      mark,
    );
    return { samples, quarantine, goodRows };
  } finally {
    await marked?.drop();
  }
}

/** What the quarantine says of a row: the expectation, and its number where another of the same kind asks the same columns. */
function reasonOf({ config, plan }: Compiled, index: number, found: readonly Found[]): string {
  const columnsOf = (one: Compiled['plan']): string =>
    JSON.stringify('columns' in one ? one.columns : 'column' in one ? one.column : '');
  const isAmbiguous = found.some(
    (other) =>
      other.index !== index && other.item.config.type === config.type && columnsOf(other.item.plan) === columnsOf(plan),
  );
  const { column, column_A, column_B, column_list } = config.kwargs;
  const names = [column, column_A, column_B, ...(Array.isArray(column_list) ? column_list : [])].filter(
    (name) => typeof name === 'string',
  );
  return `${config.type}: ${names.join(', ')}${isAmbiguous ? ` (expectation ${index + 1})` : ''}`;
}

function goodRowsOf({ meta }: Suite): string | undefined {
  const { smallboat } = meta;
  const table: unknown =
    typeof smallboat === 'object' && smallboat !== null && 'good_rows' in smallboat ? smallboat.good_rows : undefined;
  return typeof table === 'string' && table !== '' ? table : undefined;
}

function rowCount(settled: readonly Settled[]): number | null {
  for (const one of settled) if (one.is === 'counted') return one.counts.elements;
  return null;
}

/** Every expectation made ready, or failed already. */
function compileAll(options: ValidateOptions, table: TableFacts): readonly (Compiled | ExpectationResult)[] {
  const { suite, resultFormat, earlier, metric } = options;
  const kinds = kindsByType(options.expectations);
  const scope: ParameterScope = {
    parameters: { ...suite.parameters, ...options.parameters },
    now: table.now,
    ...(metric === undefined ? {} : { metric }),
  };
  return suite.expectations.map((config, index) => {
    const kind = kinds.get(config.type);
    if (config.problem !== undefined)
      return raised(config, config.problem, kind === undefined ? config.type : sentenceOf(config, kind));
    if (kind === undefined) {
      const facts = { path: `suite ${suite.name}`, index, type: config.type, nearest: null };
      return raised(config, suiteErrors.EXPECTATION_UNKNOWN(facts), config.type);
    }
    try {
      const given = { ...config, kwargs: withParameters(config.kwargs, scope) };
      const checked = kind.kwargs.safeParse(given.kwargs);
      if (!checked.success) {
        const facts = { path: `suite ${suite.name}`, index, type: config.type, problem: oneLine(checked.error) };
        throw suiteErrors.EXPECTATION_INVALID(facts, { cause: checked.error });
      }
      const past = earlier?.(config);
      return compile(given, { kind, table, format: resultFormat, ...(past === undefined ? {} : { earlier: past }) });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return raised(config, error, sentenceOf(config, kind));
    }
  });
}

/** What orders the rows of the relation: a view or a query has nothing, unless it is said to come in order. */
async function rowOrderOf({ warehouse, relation, isInOrder }: ValidateOptions, sql: Sql): Promise<string | undefined> {
  if (isInOrder === true) return '';
  if (isQuery(relation) || sql.rowOrder === undefined) return undefined;
  try {
    await warehouse.query(`select ${sql.rowOrder} from ${relation} limit 0`);
    return sql.rowOrder;
  } catch (error) {
    if (error instanceof Error) return undefined; // a view
    throw error;
  }
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => (done ??= work());
}

interface Ran {
  readonly dataName: string;
  readonly time: Date;
  readonly smallboat: ValidationResult['meta']['smallboat'];
}

/** Where, when and what: the `meta` of a validation result. */
export function metaOf(
  { runName, relation, suite, warehouse }: Pick<ValidateOptions, 'runName' | 'relation' | 'suite' | 'warehouse'>,
  { dataName, time, smallboat }: Ran,
): ValidationResult['meta'] {
  const run_time = time.toISOString().replace('Z', '000+00:00');
  return {
    run_id: { run_name: runName, run_time },
    validation_id: sha256(`${runName} ${suite.name} ${relation} ${run_time}`).slice(0, 32),
    validation_time: run_time,
    checkpoint_id: null,
    batch_parameters: null,
    active_batch_definition: {
      datasource_name: warehouse.location,
      data_connector_name: 'smallboat',
      data_asset_name: dataName,
      batch_identifiers: {},
    },
    smallboat,
  };
}
