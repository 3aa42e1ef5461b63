import { writeFile } from 'node:fs/promises';
import type { ExpectationResult } from '../../packages/smallboat/src/quality/index.ts';
import { readSuite, validate } from '../../packages/smallboat/src/quality/index.ts';
import { parsePythonJson } from '../../packages/smallboat/src/quality/suite/python-json.ts';
import type { Warehouse } from '../../packages/smallboat/src/warehouse/index.ts';
import { python } from '../python.ts';
import type { Case } from './cases.ts';
import { TYPES, randomCase } from './cases.ts';
import { randomTable } from './random-table.ts';

/** A version of Great Expectations on one of its engines. */
export interface Peer {
  /** Name of its Python environment. */
  readonly env: 'gx' | 'gx-018' | 'gx-postgres';
  readonly script: string;
  readonly engine: 'sql' | 'pandas';
  /** Where it finds the tables: a DuckDB file, or the URL of a server. */
  readonly place: { readonly database: string } | { readonly url: string };
  /** A path at which the job may be written. */
  readonly job: string;
}

/** Counts for one type of expectation, and what differed. */
export interface Tally {
  same: number;
  /** Great Expectations raised and we answered: it cannot ask this of the engine. */
  onlyOurs: number;
  bothRaised: number;
  readonly other: string[];
}

/** What of the old and the new is asked: tables by seed, and for each a case of each type. */
export interface Questions {
  readonly types: readonly string[];
  /** Seeds of the tables. */
  readonly seeds: readonly number[];
  /** Asked of 0.18. Default false. */
  readonly isOld?: boolean;
}

/** The tables, in DuckDB or PostgreSQL; `t1` is there always, as some cases compare with it. */
export async function makeTables(warehouse: Warehouse, seeds: readonly number[]): Promise<void> {
  for (const seed of new Set([1, ...seeds])) {
    const { sql } = randomTable(seed);
    const here = warehouse.dialect === 'postgres' ? sql.replaceAll(/\bdouble\b/g, 'double precision') : sql;
    const [create = '', insert] = here.split(/;\n(?=insert into )/);
    await warehouse.execute(create.replace(/;\s*$/, ''));
    if (insert !== undefined) await warehouse.execute(insert.replace(/;\s*$/, ''));
  }
}

/** The answers of Great Expectations, a list for each table. */
export async function ask(
  { env, script, engine, place, job }: Peer,
  questions: Questions,
): Promise<readonly Answers[]> {
  const tables = questions.seeds.map((seed) => ({ table: `t${seed}`, cases: casesOf(seed, questions) }));
  await writeFile(job, JSON.stringify({ ...place, engine, tables }));
  const said = await python(env, [script, job]);
  const line = said.split('\n').findLast((text) => text.startsWith('[')) ?? '[]';
  return parsePythonJson(line) as readonly Answers[];
}

type Answers = readonly Answer[];
type Answer =
  | { readonly raised: string }
  | { readonly success: unknown; readonly result: Readonly<Record<string, unknown>> };

const casesOf = (seed: number, { types, isOld = false }: Pick<Questions, 'types' | 'isOld'>): readonly Case[] =>
  types.map((type) => {
    const one = randomCase(type, seed * 1000 + TYPES.indexOf(type));
    return isOld && UNHEEDED_STRICT.has(type) ? { ...one, kwargs: notStrict(one.kwargs) } : one;
  });

/** 0.18 takes strict bounds of these, and does not heed them on SQL. */
const UNHEEDED_STRICT: ReadonlySet<string> = new Set([
  'expect_table_row_count_to_be_between',
  'expect_column_value_lengths_to_be_between',
  'expect_column_unique_value_count_to_be_between',
]);

function notStrict(kwargs: Case['kwargs']): Case['kwargs'] {
  return Object.fromEntries(Object.entries(kwargs).filter(([name]) => !name.startsWith('strict_')));
}

/** Asks the same of our side, and compares field by field. @returns a tally by type. */
export async function compare(
  warehouse: Warehouse,
  questions: Questions,
  { answers, engine }: { readonly answers: readonly Answers[]; readonly engine: string },
): Promise<ReadonlyMap<string, Tally>> {
  const { types, seeds, isOld = false } = questions;
  const tallies = new Map<string, Tally>(
    types.map((type) => [type, { same: 0, onlyOurs: 0, bothRaised: 0, other: [] }]),
  );
  for (const [i, seed] of seeds.entries()) {
    for (const [j, one] of casesOf(seed, questions).entries()) {
      const tally = tallies.get(one.type);
      const theirs = answers[i]?.[j];
      if (tally === undefined || theirs === undefined) throw new Error(`No answer for ${one.type} of t${seed}`);
      const mine = await ourAnswer(warehouse, { one, relation: `t${seed}`, isOld });
      const hasRaised = mine.exception_info.raised_exception;
      const said = `t${seed} ${JSON.stringify(one.kwargs)} ${JSON.stringify(one.result_format)}`;
      // Its driver for DuckDB takes JSON for text as it was written.
      if (isOld && one.kwargs['column'] === 'json') continue;
      if ('raised' in theirs) tally[hasRaised ? 'bothRaised' : 'onlyOurs'] += 1;
      else if (hasRaised) tally.other.push(`${said}: we raised ${mine.exception_info.exception_message ?? ''}`);
      else {
        const found = differences(mine, theirs, { one, engine, isOld });
        if (found.length === 0) tally.same += 1;
        else tally.other.push(`${said}: ${found.join('; ')}`);
      }
    }
  }
  return tallies;
}

interface OneCase {
  readonly one: Case;
  readonly relation: string;
  readonly isOld: boolean;
}

async function ourAnswer(warehouse: Warehouse, { one, relation, isOld }: OneCase): Promise<ExpectationResult> {
  const { type, kwargs } = one;
  const suite = await readSuite(
    isOld
      ? { expectation_suite_name: 'case', expectations: [{ expectation_type: type, kwargs }] }
      : { name: 'case', expectations: [{ type, kwargs }] },
  );
  const resultFormat = one.result_format as NonNullable<Parameters<typeof validate>[0]['resultFormat']>;
  const { results } = await validate({ suite, warehouse, relation, runName: 'case', resultFormat });
  return JSON.parse(JSON.stringify(results[0])) as ExpectationResult;
}

const limitOf = ({ result_format }: Case): number =>
  (result_format as { readonly partial_unexpected_count?: number }).partial_unexpected_count ?? 20;

/** Fields that differ. Of lists that are cut only how long they are, as any rows may be listed; of others the order is free. */
function differences(
  mine: ExpectationResult,
  theirs: Exclude<Answer, { raised: string }>,
  { one, engine, isOld }: { readonly one: Case; readonly engine: string; readonly isOld: boolean },
): readonly string[] {
  const found: string[] = [];
  // Some of its answers are numpy's booleans, which it writes as text.
  if (String(mine.success) !== String(theirs.success).toLowerCase())
    found.push(`success ${String(mine.success)}, not ${String(theirs.success)}`);
  for (const key of new Set([...Object.keys(mine.result), ...Object.keys(theirs.result)])) {
    let [ours, their] = [mine.result[key], theirs.result[key]];
    if (engine === 'pandas' && /index/.test(key)) continue; // there the index is pandas' own
    if (key === 'unexpected_index_query') [ours, their] = [key in mine.result, key in theirs.result];
    if (key === 'unexpected_count') their = Number(their);
    // It forgets this list for compound columns on SQL, and 0.18 their query and the rows of some.
    if (one.type.includes('compound') && /index_list/.test(key) && their === undefined) continue;
    if (isOld && (their ?? null) === null && (key === 'unexpected_rows' || one.type.includes('compound'))) continue;
    if (isOld && key === 'unexpected_index_query' && one.type.includes('compound')) continue;
    // 0.18 fetches all rows of several columns; of one column, and from 1.0 on, 200.
    if (isOld && key === 'unexpected_list' && Array.isArray(ours) && ours.length === 200) continue;
    // Counted over the list of the first ones, and which are first is free.
    if (key === 'partial_unexpected_counts' && Number(mine.result['unexpected_count']) > limitOf(one)) continue;
    if (Array.isArray(ours) && Array.isArray(their) && /list|rows|counts/.test(key)) {
      if (ours.length >= limitOf(one)) [ours, their] = [ours.length, their.length];
      else [ours, their] = [sorted(ours), sorted(their)];
    }
    if (engine === 'pandas') [ours, their] = [ours, their].map(asPandasMeans);
    // Rows of one's own statement come as they like.
    if (one.type === 'unexpected_rows_expectation') [ours, their] = [ours, their].map(withSortedRows);
    if (!isClose(ours, their))
      found.push(`${key} ${JSON.stringify(ours)?.slice(0, 160)}, not ${JSON.stringify(their)?.slice(0, 160)}`);
  }
  return found;
}

/** A column of dates is one of times in pandas: those of midnight are dates here. */
function asPandasMeans(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined
    ? value
    : JSON.parse(text.replaceAll(/"(\d{4}-\d\d-\d\d)T00:00:00"/g, '"$1"').replaceAll('"NaT"', 'null'));
}

function withSortedRows(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('unexpected_rows' in value)) return value;
  const { unexpected_rows: rows } = value;
  return Array.isArray(rows) ? { ...value, unexpected_rows: sorted(rows) } : value;
}

const sorted = (values: readonly unknown[]): readonly unknown[] =>
  values.map(inOrder).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Equal, with floats to nine digits; what is no number in JSON is null. */
function isClose(ours: unknown, theirs: unknown): boolean {
  if (typeof theirs === 'number' && !Number.isFinite(theirs) && ours === null) return true;
  if (typeof ours === 'number' && typeof theirs === 'number')
    return Math.abs(ours - theirs) <= 1e-9 * Math.max(1, Math.abs(theirs));
  if (Array.isArray(ours) && Array.isArray(theirs))
    return ours.length === theirs.length && ours.every((item, i) => isClose(item, theirs[i]));
  if (typeof ours === 'object' && typeof theirs === 'object' && ours !== null && theirs !== null) {
    const [a, b] = [Object.entries(ours), theirs as Readonly<Record<string, unknown>>];
    return a.length === Object.keys(b).length && a.every(([key, value]) => isClose(value, b[key]));
  }
  return ours === theirs;
}
