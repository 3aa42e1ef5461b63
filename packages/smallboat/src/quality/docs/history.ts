import { appendFile, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, namesIn, sha256 } from '../../kernel/index.ts';
import type { EarlierRun } from '../kind.ts';
import type { ExpectationResult, ValidationResult } from '../run/result.ts';
import type { ExpectationConfig } from '../suite/suite.ts';
import { fileName } from '../file-name.ts';

/** What is kept of one expectation of one run, for trends and for what learns from them. */
export interface PastExpectation {
  /** The same expectation in other runs has the same key. */
  readonly key: string;
  readonly success: boolean;
  /** Its figure, or the columns of the table; null for one that asks every row. */
  readonly observed: unknown;
  /** Share of the rows asked that failed, in percent; null where rows are not asked. */
  readonly percent: number | null;
}

/** One run of one validation. */
export interface PastRun {
  /** The data's name. */
  readonly data: string;
  readonly run: string;
  /** Time, ISO 8601. */
  readonly at: string;
  readonly suite: string;
  readonly success: boolean;
  readonly rows: number | null;
  readonly seconds: number;
  /** Rows set aside. */
  readonly quarantined: number;
  readonly problem?: string;
  readonly expectations: readonly PastExpectation[];
}

/** Bytes of a history that are read back at most, from its end: thousands of runs. */
const READ = 8 * 1024 * 1024;

/** Where the history of some data is: one line of JSON a run, the latest last. */
export function historyPath(folder: string, name: string): string {
  return join(folder, 'history', `${fileName(name)}.jsonl`);
}

/** What a validation leaves in the history. */
export function historyOf(result: ValidationResult, runName: string): PastRun {
  const { meta, results, suite_name, success } = result;
  const { rows, seconds, quarantine, problem } = meta.smallboat;
  return {
    data: meta.active_batch_definition.data_asset_name,
    run: runName,
    at: meta.validation_time,
    suite: suite_name,
    success,
    rows: rows ?? null,
    seconds,
    quarantined: quarantine?.rows ?? 0,
    ...(problem === undefined ? {} : { problem: problem.message }),
    expectations: withKeys(results).map(([key, r]) => ({
      key,
      success: r.success,
      observed: observedOf(r),
      percent: typeof r.result['unexpected_percent'] === 'number' ? r.result['unexpected_percent'] : null,
    })),
  };
}

function observedOf({ result }: ExpectationResult): unknown {
  const { observed_value } = result;
  const isSmall = JSON.stringify(observed_value ?? null).length <= 20_000;
  return isSmall ? (observed_value ?? null) : null;
}

/** Appends a run. A line that a crash cut short is passed over when the history is read. */
export async function noteRun(folder: string, name: string, run: PastRun): Promise<void> {
  const path = historyPath(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, `\n${JSON.stringify(run)}\n`);
}

/** Names of the files of histories, without `.jsonl`. */
export async function historiesIn(folder: string): Promise<readonly string[]> {
  const names = await namesIn(join(folder, 'history'));
  return names.filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -6));
}

/** The latest runs of some data, the oldest of them first. A run that was repeated at the same time counts once, as it ended last. */
export function readHistory(folder: string, name: string): Promise<readonly PastRun[]> {
  return runsOf(historyPath(folder, name));
}

/** The runs of a history, by the name of its file. */
export function readHistoryFile(folder: string, file: string): Promise<readonly PastRun[]> {
  return runsOf(join(folder, 'history', `${file}.jsonl`));
}

async function runsOf(path: string): Promise<readonly PastRun[]> {
  const runs = new Map<string, PastRun>();
  for (const line of (await tail(path)).split('\n')) {
    const run = parse(line);
    if (run === undefined) continue;
    runs.delete(`${run.run} ${run.at}`);
    runs.set(`${run.run} ${run.at}`, run);
  }
  return [...runs.values()];
}

/** The end of a file; of its first line perhaps a part, which then is no JSON. */
async function tail(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const from = Math.max(0, size - READ);
      const bytes = Buffer.alloc(size - from);
      await file.read(bytes, 0, bytes.length, from);
      return bytes.toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

function parse(line: string): PastRun | undefined {
  if (line.trim() === '') return undefined;
  try {
    return JSON.parse(line) as PastRun; // written by `noteRun`
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // cut short by a crash
    throw error;
  }
}

/** Results with a key each: the same for the same expectation in another run. */
export function withKeys(
  results: readonly ExpectationResult[],
): readonly (readonly [key: string, result: ExpectationResult])[] {
  const taken = new Map<string, number>();
  return results.map((result) => {
    const plain = keyOf(result.expectation_config);
    const nth = (taken.get(plain) ?? 0) + 1;
    taken.set(plain, nth);
    return [nth === 1 ? plain : `${plain}-${nth}`, result] as const;
  });
}

/** What earlier runs observed for an expectation, the oldest first. */
export function earlierRuns(history: readonly PastRun[], config: ExpectationConfig): readonly EarlierRun[] {
  const key = keyOf(config);
  return history.flatMap(({ at, expectations }) => {
    const found = expectations.find((e) => e.key === key);
    return found === undefined ? [] : [{ at, observed: found.observed }];
  });
}

/** An expectation is the same as long as it asks the same of the same columns and rows: its bounds may change. */
function keyOf({ type, kwargs }: ExpectationConfig): string {
  const { column, column_A, column_B, column_list, row_condition, other_table_name, unexpected_rows_query } = kwargs;
  const about = [type, column, column_A, column_B, column_list, row_condition, other_table_name, unexpected_rows_query];
  return sha256(JSON.stringify(about.map((part) => part ?? null))).slice(0, 16);
}
