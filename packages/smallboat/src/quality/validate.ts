import type { WorkOptions } from '../kernel/index.ts';
import { defineErrors, sha256 } from '../kernel/index.ts';
import type { Cell, ColumnType, Warehouse } from '../warehouse/index.ts';
import { warehouseErrors } from '../warehouse/index.ts';
import type { Compiled } from './compile.ts';
import { compile, factsOf } from './compile.ts';
import { kindsByType } from './core/core.ts';
import type { ExpectationKind, TableFacts, Verdict } from './kind.ts';
import type { ExceptionInfo, ExpectationResult, Quarantine, ResultFormat, ValidationResult } from './result.ts';
import { LISTED, isMet, rowResult, statisticsOf } from './result.ts';
import { scan } from './scan.ts';
import { isQuery, sourceOf } from './sql.ts';
import type { ExpectationConfig, Suite } from './suite.ts';
import { suiteErrors } from './suite.ts';
import { jsonOf, quarantine, sampleUnexpected } from './unexpected.ts';

export interface ValidateOptions extends WorkOptions {
  readonly suite: Suite;
  readonly warehouse: Warehouse;
  /** A table or view (`public.session_stats`, quoted as needed), or a query in brackets: `(select … from …)`. */
  readonly relation: string;
  /** Name of this validation in results and pages: `<flow>-<run>-<data>`. */
  readonly runName: string;
  /** Short name of the data, for the quarantine table and pages. Default: from the relation, or the suite's for a query. */
  readonly dataName?: string;
  /** How much each result says. Default `SUMMARY`; an expectation's own `result_format` goes before it. */
  readonly resultFormat?: ResultFormat;
  /** Copy the rows that failed expectations reject to `quality_quarantine.<dataName>`. Default false. */
  readonly quarantine?: boolean;
  /** Kinds of expectation beyond those built in. */
  readonly expectations?: readonly ExpectationKind[];
  /** The time that is written into the result. */
  readonly clock?: () => Date;
}

export const validateErrors = defineErrors({
  RELATION_NOT_FOUND: (f: { relation: string; location: string }) =>
    `There is no table or view ${f.relation} in ${f.location}. Run what makes it first, or correct its name.`,
});

/**
 * Runs a suite over a relation. What can be computed in one scan is; an expectation that rejects rows takes one more
 * query for a sample of them. An expectation that cannot be computed (a column is missing, a regular expression is
 * wrong) counts as failed and says why in `exception_info`, and the others are still judged.
 *
 * Rejects with `RELATION_NOT_FOUND`, and with `STATEMENT_FAILED` when a query given as relation does not run.
 */
export async function validate(options: ValidateOptions): Promise<ValidationResult> {
  const { suite, warehouse, relation, runName, onProgress, signal } = options;
  const started = performance.now();
  const dataName = options.dataName ?? dataNameOf(relation, suite.name);
  const source = sourceOf(relation);
  const table = factsOf(await columnsOf(warehouse, relation));
  const kinds = kindsByType(options.expectations);
  const compiled = suite.expectations.map((config, index) => compileOne(config, index, kinds, { table, suite }));
  onProgress?.(0.05, `${dataName}: ${suite.expectations.length} expectations`);

  const ready = compiled.map((c) => ('aggregates' in c ? c : undefined));
  const wanted = ready.map((c) => ({ aggregates: Object.values(c?.aggregates ?? {}) }));
  const scanned = await scan(warehouse, wanted, { source, signal });
  let statements = scanned.statements;
  const failed: Compiled[] = [];
  const results: ExpectationResult[] = [];
  for (const [index, item] of compiled.entries()) {
    onProgress?.(0.6 + (0.3 * index) / compiled.length, dataName);
    if (!('aggregates' in item)) {
      results.push(item);
      continue;
    }
    const failure = scanned.failures.get(index);
    if (failure !== undefined) {
      results.push(raised(item.config, failure, item.sentence));
      continue;
    }
    const measured = Object.entries(item.aggregates).map(
      ([name, sql]) => [name, scanned.values.get(sql) ?? null] as const,
    );
    const answer: Answering = {
      warehouse,
      source,
      measured: Object.fromEntries(measured),
      options,
      count: () => statements++,
    };
    try {
      const verdict = await judge(item, answer);
      results.push(resultOf(item, verdict));
      if (!verdict.success) failed.push(item);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Error)) throw error;
      results.push(raised(item.config, error, item.sentence));
    }
  }
  const kept = options.quarantine
    ? await quarantine(warehouse, failed, { source, name: dataName, runName, signal })
    : null;
  onProgress?.(1, dataName);
  const time = (options.clock ?? (() => new Date()))();
  return {
    success: results.every((r) => r.success),
    results,
    suite_name: suite.name,
    suite_parameters: {},
    statistics: statisticsOf(results),
    meta: metaOf(options, {
      dataName,
      time,
      statements,
      quarantine: kept,
      seconds: (performance.now() - started) / 1000,
    }),
    id: null,
  };
}

/** Name of the data that a relation holds, fit for a file and a table: `session_stats`; the suite's for a query. */
export function dataNameOf(relation: string, suiteName: string): string {
  const name = isQuery(relation) ? suiteName : relation;
  return (
    name
      .replaceAll('"', '')
      .replace(/[^\p{L}\p{N}_-]+/gu, '_')
      .replace(/^_+|_+$/g, '') || 'data'
  );
}

interface Answering {
  readonly warehouse: Warehouse;
  readonly source: string;
  readonly measured: Readonly<Record<string, Cell>>;
  readonly options: ValidateOptions;
  /** Notes that one more statement was sent. */
  readonly count: () => void;
}

async function judge(item: Compiled, answer: Answering): Promise<Verdict> {
  const { warehouse, source, measured, options, count } = answer;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const { plan } = item;
  if (plan.kind === 'verdict') return plan.verdict;
  if (plan.kind === 'measures') return jsonVerdict(plan.judge(measured));
  if (plan.kind === 'query') {
    count();
    const from =
      item.rowCondition === undefined ? source : `(select * from ${source} where ${item.rowCondition}) as rows`;
    return jsonVerdict(plan.judge(await warehouse.query(plan.sql(from), signal)));
  }
  const question = item.rows;
  if (question === undefined) throw new TypeError(`A plan of kind ${plan.kind} has no rows`);
  const { elements = 0, asked = 0 } = measured;
  let unexpected = Number(measured['unexpected'] ?? 0);
  if (question.count !== undefined && measured['keyed'] !== measured['distinct']) {
    count();
    const [row] = await warehouse.query(question.count(source), signal);
    unexpected = Number(row?.['n'] ?? 0);
  }
  const counts = { elements: Number(elements), asked: question.isAboutMissing ? null : Number(asked), unexpected };
  const format = formatOf(item.config, options.resultFormat ?? 'SUMMARY');
  let values: readonly unknown[] = [];
  if (unexpected > 0 && LISTED[format] > 0) {
    count();
    values = await sampleUnexpected(warehouse, question, LISTED[format], { source, signal: options.signal });
  }
  return { success: isMet(counts, item.mostly), result: rowResult(counts, values, format) };
}

function jsonVerdict({ success, result }: Verdict): Verdict {
  return { success, result: jsonOf(result as { readonly [field: string]: Cell }) as Verdict['result'] };
}

function formatOf(config: ExpectationConfig, usual: ResultFormat): ResultFormat {
  const given = config.kwargs['result_format'];
  const name: unknown =
    typeof given === 'object' && given !== null && 'result_format' in given ? given.result_format : given;
  return typeof name === 'string' && Object.hasOwn(LISTED, name) ? (name as ResultFormat) : usual;
}

function compileOne(
  config: ExpectationConfig,
  index: number,
  kinds: ReadonlyMap<string, ExpectationKind>,
  { table, suite }: { readonly table: TableFacts; readonly suite: Suite },
): Compiled | ExpectationResult {
  const kind = kinds.get(config.type);
  if (kind === undefined) {
    const known = [...kinds.keys()].sort();
    throw suiteErrors.EXPECTATION_UNKNOWN({
      path: `suite ${suite.name}`,
      index,
      type: config.type,
      nearest: null,
      known,
    });
  }
  try {
    return compile(config, kind, table);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return raised(config, error, kind.sentence(kind.kwargs.parse(config.kwargs)));
  }
}

const FINE: ExceptionInfo = { raised_exception: false, exception_message: null, exception_traceback: null };

function resultOf({ config, sentence }: Compiled, { success, result }: Verdict): ExpectationResult {
  return { success, expectation_config: config, result, meta: { sentence }, exception_info: FINE };
}

function raised(config: ExpectationConfig, error: Error, sentence: string): ExpectationResult {
  return {
    success: false,
    expectation_config: config,
    result: {},
    meta: { sentence },
    exception_info: {
      raised_exception: true,
      exception_message: problemOf(error),
      exception_traceback: error.stack ?? null,
    },
  };
}

/** What the warehouse said, without the statement, which is long and none of the reader's making. */
function problemOf(error: Error): string {
  if (!warehouseErrors.STATEMENT_FAILED.is(error)) return error.message;
  return error.facts.problem.trim();
}

async function columnsOf(warehouse: Warehouse, relation: string): Promise<readonly ColumnType[]> {
  if (isQuery(relation)) {
    const rows = await warehouse.query<{ column_name: string; column_type: string }>(
      `describe select * from ${sourceOf(relation)}`,
    );
    return rows.map((row) => ({ name: row.column_name, type: row.column_type }));
  }
  const columns = await warehouse.columns(relation);
  if (columns.length === 0) throw validateErrors.RELATION_NOT_FOUND({ relation, location: warehouse.location });
  return columns;
}

interface Ran {
  readonly dataName: string;
  readonly time: Date;
  readonly seconds: number;
  readonly statements: number;
  readonly quarantine: Quarantine | null;
}

function metaOf({ runName, relation, suite, warehouse }: ValidateOptions, ran: Ran): ValidationResult['meta'] {
  const run_time = ran.time.toISOString().replace('Z', '000+00:00');
  const { seconds, statements, quarantine } = ran;
  return {
    run_id: { run_name: runName, run_time },
    validation_id: sha256(`${runName} ${suite.name} ${relation} ${run_time}`).slice(0, 32),
    validation_time: run_time,
    checkpoint_id: null,
    batch_parameters: null,
    active_batch_definition: {
      datasource_name: warehouse.location,
      data_connector_name: 'smallboat',
      data_asset_name: ran.dataName,
      batch_identifiers: {},
    },
    smallboat: { relation, seconds: Math.round(seconds * 1000) / 1000, statements, quarantine },
  };
}
