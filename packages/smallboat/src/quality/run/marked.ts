import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Row, Warehouse } from '../../warehouse/index.ts';
import { quoteName, quoteText } from '../../warehouse/index.ts';
import { aliased } from './aliased.ts';
import type { Sql } from '../dialect/sql.ts';
import { fileName } from '../file-name.ts';
import type { RowQuestion } from './question.ts';
import type { Quarantine } from './result.ts';

/** Schema of the tables that failing rows go to. */
export const QUARANTINE_SCHEMA = 'quality_quarantine';

/** A question whose failing rows are wanted. */
export interface Asked extends Sampled {
  /** The text that says in the quarantine what a row failed; undefined: its rows do not go there. */
  readonly reason?: string;
}

/** A question of whose failing rows some are wanted. */
export interface Sampled {
  /** Place of its expectation in the suite. */
  readonly index: number;
  readonly question: RowQuestion;
  /** Rows wanted as a sample. */
  readonly sample: number;
}

export interface MarkOptions {
  readonly warehouse: Warehouse;
  readonly sql: Sql;
  readonly source: string;
  readonly columns: readonly string[];
  /** A column that orders the rows, where there is one. */
  readonly rowOrder: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly count: (statements: number) => void;
}

/** Where failing rows go: a table of the data's name, or a Parquet file of it in a folder. */
export interface QuarantinePlace {
  readonly name: string;
  readonly folder: string | undefined;
}

/** Rows that fail something, in a table that this connection alone sees. */
export interface Marked {
  /**
   * Some of the failing rows of each question, by its place in the suite, in the order in which they were written; and of
   * `many`, questions that were not marked, the first that are met.
   */
  samples(many: readonly Sampled[]): Promise<Samples>;
  /** Copies the failing rows, each with what it failed, to a table that stays. */
  quarantine(to: QuarantinePlace, runName: string): Promise<Quarantine>;
  drop(): Promise<void>;
}

/** Rows by the place of their expectation in the suite. */
export type Samples = ReadonlyMap<number, readonly Row[]>;

const TABLE = 'smallboat_marked';
const flag = (i: number): string => `smallboat_fails_${i}`;

/** Every row that fails at least one of the questions, marked with which. */
function markedSql(asked: readonly Sampled[], { columns, source, rowOrder }: MarkOptions): string {
  const order = isOrdered(rowOrder) ? [`${rowOrder} as smallboat_row`] : [];
  const marks = asked.map(({ question }, i) => `coalesce(${question.failing}, false) as ${flag(i)}`);
  const any = asked.map((_, i) => flag(i)).join(' or ');
  return `select * from (
select ${[...columns.map(quoteName), ...order, ...marks].join(',\n')}
from ${source}) as marked where ${any}`;
}

const isOrdered = (rowOrder: string | undefined): rowOrder is string => rowOrder !== undefined && rowOrder !== '';

/**
 * Reads the relation once more and keeps every row that fails at least one of the questions, marked with which: what
 * samples and the quarantine are taken from, however many questions there are.
 */
export async function markRows(asked: readonly Asked[], options: MarkOptions): Promise<Marked> {
  const { warehouse, sql, columns, signal, count } = options;
  const run = async (statement: string): Promise<number> => {
    count(1);
    return warehouse.execute(statement, signal === undefined ? {} : { signal });
  };
  const names = columns.map(quoteName);
  for (const statement of sql.temporaryTable(TABLE, markedSql(asked, options))) await run(statement);

  return {
    samples: (many) => fetchSamples([...partsOfMarked(asked, options), ...partsOf(many, options)], options),

    async quarantine(to, runName) {
      const kept = asked.flatMap(({ reason }, i) => (reason === undefined ? [] : [{ reason, flag: flag(i) }]));
      const reasons = kept.map((one) => `case when ${one.flag} then ${quoteText(one.reason)} end`);
      const query = `select ${names.join(', ')},
${sql.listed(reasons)} as failed_expectations,
${quoteText(runName)} as quality_run
from ${TABLE} where ${kept.map((one) => one.flag).join(' or ')}`;
      const table = tableOf(to);
      const path = fileOf(to);
      let rows = 0;
      if (path !== undefined && sql.toFile !== undefined) {
        await mkdir(dirname(path), { recursive: true });
        rows = await run(sql.toFile(query, path));
      } else {
        await run(`create schema if not exists ${QUARANTINE_SCHEMA}`);
        for (const statement of sql.replaceTable(table, query)) rows = await run(statement);
      }
      if (rows > 0) return { table, rows };
      count(1);
      const [counted] = await warehouse.query(`select count(*) as n from ${table}`);
      return { table, rows: Number(aliased(counted ?? {})['n'] ?? 0) };
    },

    async drop() {
      await warehouse.execute(`drop table if exists ${TABLE}`);
    },
  };
}

/**
 * Some of the failing rows of questions, as `Marked.samples` has them, in one statement: where no row is to be kept, no
 * table is needed for them. Of `many`, which many rows fail, a small part of the relation is read.
 */
export function sampleRows(
  asked: readonly Sampled[],
  many: readonly Sampled[],
  options: MarkOptions,
): Promise<Samples> {
  const head = asked.length === 0 ? '' : `with ${TABLE} as (${markedSql(asked, options)})\n`;
  return fetchSamples([...partsOfMarked(asked, options), ...partsOf(many, options)], options, head);
}

function partsOfMarked(asked: readonly Sampled[], options: MarkOptions): readonly string[] {
  const order = isOrdered(options.rowOrder) ? ' order by smallboat_row' : '';
  return asked.flatMap((one, i) => partOf(one, `${TABLE} where ${flag(i)}${order}`, options));
}

function partsOf(many: readonly Sampled[], options: MarkOptions): readonly string[] {
  return many.flatMap((one) => partOf(one, `${options.source} where ${one.question.failing}`, options));
}

function partOf({ index, sample }: Sampled, from: string, { columns }: MarkOptions): readonly string[] {
  if (sample === 0) return [];
  const names = columns.map(quoteName).join(', ');
  return [
    `select * from (select ${index} as smallboat_question, ${names} from ${from} limit ${sample}) as sample_${index}`,
  ];
}

/** Samples of all questions in one statement. */
async function fetchSamples(
  parts: readonly string[],
  { warehouse, signal, count }: MarkOptions,
  head = '',
): Promise<Samples> {
  if (parts.length === 0) return new Map();
  count(1);
  const rows = await warehouse.query(`${head}${parts.join('\nunion all\n')}`, signal === undefined ? {} : { signal });
  const found = new Map<number, Row[]>();
  for (const { smallboat_question, SMALLBOAT_QUESTION = smallboat_question, ...row } of rows) {
    const index = Number(SMALLBOAT_QUESTION); // in capitals from Snowflake
    found.set(index, [...(found.get(index) ?? []), row]);
  }
  return found;
}

function fileOf({ name, folder }: QuarantinePlace): string | undefined {
  return folder === undefined ? undefined : join(folder, `${fileName(name)}.parquet`);
}

/** What follows `from` to read the quarantine. */
function tableOf(to: QuarantinePlace): string {
  const path = fileOf(to);
  return path === undefined ? `${QUARANTINE_SCHEMA}.${quoteName(to.name)}` : quoteText(path);
}

/** Drops the quarantine of an earlier run, where no row fails any more. */
export async function emptyQuarantine(warehouse: Warehouse, to: QuarantinePlace): Promise<void> {
  const path = fileOf(to);
  if (path !== undefined) return rm(path, { force: true });
  const table = tableOf(to);
  if ((await warehouse.columns(table)).length > 0) await warehouse.execute(`drop table if exists ${table}`);
}

/** Makes a table of the rows that fail none of the questions. @returns the number of rows. */
export async function keepGoodRows(
  table: string,
  questions: readonly RowQuestion[],
  options: MarkOptions,
): Promise<void> {
  const { warehouse, sql, source, columns, signal, count } = options;
  const names = columns.map(quoteName).join(', ');
  const failing = questions.map(({ failing }, i) => `coalesce(${failing}, false) as ${flag(i)}`);
  const query =
    failing.length === 0
      ? `select ${names} from ${source}`
      : `select ${names} from (select ${[names, ...failing].join(', ')} from ${source}) as marked where not (${questions.map((_, i) => flag(i)).join(' or ')})`;
  for (const statement of sql.replaceTable(table, query)) {
    count(1);
    await warehouse.execute(statement, signal === undefined ? {} : { signal });
  }
}
