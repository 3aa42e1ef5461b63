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
  /** Some of the failing rows of each question, by its place in the suite, in the order in which they were written. */
  samples(): Promise<ReadonlyMap<number, readonly Row[]>>;
  /** Copies the failing rows, each with what it failed, to a table that stays. */
  quarantine(to: QuarantinePlace, runName: string): Promise<Quarantine>;
  drop(): Promise<void>;
}

const TABLE = 'smallboat_marked';
const flag = (i: number): string => `smallboat_fails_${i}`;

/**
 * Reads the relation once more and keeps every row that fails at least one of the questions, marked with which: what
 * samples and the quarantine are taken from, however many questions there are.
 */
export async function markRows(asked: readonly Asked[], options: MarkOptions): Promise<Marked> {
  const { warehouse, sql, source, columns, rowOrder, signal, count } = options;
  const run = async (statement: string): Promise<number> => {
    count(1);
    return warehouse.execute(statement, signal === undefined ? {} : { signal });
  };
  const order = rowOrder === undefined || rowOrder === '' ? [] : [`${rowOrder} as smallboat_row`];
  const names = columns.map(quoteName);
  const marks = asked.map(({ question }, i) => `coalesce(${question.failing}, false) as ${flag(i)}`);
  const marked = `select ${[...names, ...order, ...marks].join(',\n')}\nfrom ${source}`;
  const any = asked.map((_, i) => flag(i)).join(' or ');
  for (const statement of sql.temporaryTable(TABLE, `select * from (\n${marked}) as marked where ${any}`))
    await run(statement);

  return {
    samples: () =>
      fetchSamples(
        asked.map((one, i) => ({ ...one, from: TABLE, where: flag(i) })),
        options,
        order.length > 0 ? 'smallboat_row' : undefined,
      ),

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
 * Some of the failing rows of questions that many rows fail: the first that are met, so that a small part of the relation
 * is read.
 */
export function sampleMany(asked: readonly Sampled[], options: MarkOptions): Promise<Samples> {
  return fetchSamples(
    asked.map((one) => ({ ...one, from: options.source, where: one.question.failing })),
    options,
  );
}

type Samples = ReadonlyMap<number, readonly Row[]>;

interface From extends Sampled {
  readonly from: string;
  readonly where: string;
}

/** Samples of all questions in one statement. */
async function fetchSamples(
  wanted: readonly From[],
  { warehouse, columns, signal, count }: MarkOptions,
  order?: string,
): Promise<Samples> {
  const names = columns.map(quoteName).join(', ');
  const sorted = order === undefined ? '' : ` order by ${order}`;
  const parts = wanted.flatMap(({ from, where, sample, index }) =>
    sample === 0
      ? []
      : [
          `select * from (select ${index} as smallboat_question, ${names} from ${from} where ${where}${sorted} limit ${sample}) as sample_${index}`,
        ],
  );
  if (parts.length === 0) return new Map();
  count(1);
  const rows = await warehouse.query(parts.join('\nunion all\n'), signal === undefined ? {} : { signal });
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
