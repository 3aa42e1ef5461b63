import { readFile, rm, stat } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { totalmem, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { defineErrors, isMissing, writeWhole } from '../kernel/index.ts';
import type { DuckDbOptions } from './duckdb.ts';
import type { Warehouse } from './warehouse.ts';
import { warehouseErrors } from './warehouse.ts';

export interface OpenOptions {
  /** What a relative path in the URL starts from. Default: the process's working folder. */
  readonly cwd?: string;
  /** Most memory the warehouse may take, in MiB. Default: a quarter of the machine's, from 512 to 4096. */
  readonly memoryLimitMiB?: number;
  /** Default: as many as the machine has cores. */
  readonly threads?: number;
  /** Where to put what does not fit into memory. Default: `<file>.spill` beside the file; removed on close. */
  readonly temporaryFolder?: string;
  readonly readOnly?: boolean;
  /** How long to wait for another process to let go of the file. Default 30. */
  readonly waitSeconds?: number;
  readonly signal?: AbortSignal;
}

export const openErrors = defineErrors({
  WAREHOUSE_URL_UNKNOWN: (f: { url: string }) =>
    `'${f.url}' is no warehouse that this version knows. Use duckdb:<path of a file>, as in duckdb:./.smallboat/warehouse.duckdb, or duckdb::memory:.`,
  WAREHOUSE_LOCKED: (f: { path: string; holder: string; waitedSeconds: number }) =>
    `${f.path} is in use by ${f.holder}; waited ${f.waitedSeconds} s. Wait for it to end or stop it, then try again. DuckDB lets one process write at a time.`,
  WAREHOUSE_NOT_THERE: (f: { path: string }) =>
    `There is no warehouse ${f.path} to read. Check the path, or make one by loading data into it.`,
  WAREHOUSE_NOT_OPENED: (f: { path: string; problem: string }) =>
    `${f.path} could not be opened: ${f.problem} Check that the path is right and may be written.`,
});

/**
 * Opens the warehouse that a URL names: `duckdb:<path>` or `duckdb::memory:`. The file and its folders are made when they
 * are not there. Whoever opens it closes it, by `await using`.
 *
 * One process writes to a file at a time: the others wait, and then reject with `WAREHOUSE_LOCKED`, which names the
 * process that has it (from `<file>.lock`). What holds the file is a lock of the operating system, which ends with the
 * process however that ends: a lock file left behind by a killed one is taken over.
 */
export async function openWarehouse(url: string, options: OpenOptions = {}): Promise<Warehouse> {
  const place = url.startsWith('duckdb:') ? url.slice('duckdb:'.length) : '';
  if (place === '') throw openErrors.WAREHOUSE_URL_UNKNOWN({ url: redact(url) });
  const memoryLimitMiB = options.memoryLimitMiB ?? defaultMemoryLimitMiB();
  const shared = { memoryLimitMiB, ...(options.threads === undefined ? {} : { threads: options.threads }) };
  const { duckdbWarehouse } = await import('./duckdb.ts');
  if (place === ':memory:') {
    const temporaryFolder = options.temporaryFolder ?? join(tmpdir(), `smallboat-${randomUUID()}.spill`);
    return duckdbWarehouse({ path: place, temporaryFolder, ...shared });
  }
  const path = resolve(options.cwd ?? process.cwd(), place);
  const readOnly = options.readOnly ?? false;
  await prepare(path, readOnly);
  const temporaryFolder = options.temporaryFolder ?? (readOnly ? `${path}.spill-${process.pid}` : `${path}.spill`);
  const adapter = { path, readOnly, temporaryFolder, ...shared };
  const warehouse = await openInTime(duckdbWarehouse, adapter, options);
  return readOnly ? warehouse : withLockFile(warehouse, path);
}

/** A URL may hold a password; a message must not. */
function redact(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}

function defaultMemoryLimitMiB(): number {
  return Math.min(4096, Math.max(512, Math.floor(totalmem() / 4 / 2 ** 20)));
}

async function prepare(path: string, readOnly: boolean): Promise<void> {
  if (!readOnly) {
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (cause) {
      throw openErrors.WAREHOUSE_NOT_OPENED({ path, problem: `${String(cause)}.` }, { cause });
    }
    return;
  }
  try {
    await stat(path);
  } catch (cause) {
    if (isMissing(cause)) throw openErrors.WAREHOUSE_NOT_THERE({ path }, { cause });
    throw cause;
  }
}

async function openInTime(
  open: (options: DuckDbOptions) => Promise<Warehouse>,
  adapter: DuckDbOptions,
  { waitSeconds = 30, signal }: OpenOptions,
): Promise<Warehouse> {
  const { path } = adapter;
  const start = Date.now();
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 250)) {
    signal?.throwIfAborted();
    try {
      return await open(adapter);
    } catch (cause) {
      const problem = (cause instanceof Error ? cause.message : String(cause)).trim();
      if (!/could not set lock|conflicting lock|being used by another process/i.test(problem)) {
        throw openFailure(path, problem, cause);
      }
      const waitedMs = Date.now() - start;
      if (waitedMs + pause > waitSeconds * 1000) {
        const waitedSeconds = Math.round(waitedMs / 1000);
        throw openErrors.WAREHOUSE_LOCKED({ path, holder: await holderOf(path, problem), waitedSeconds }, { cause });
      }
    }
    await delay(pause, undefined, signal === undefined ? {} : { signal });
  }
}

function openFailure(path: string, problem: string, cause: unknown): Error {
  const location = `duckdb:${path}`;
  if (
    /valid DuckDB|corrupt|serializ|checksum|replaying wal|version number|magic bytes|could not read enough/i.test(
      problem,
    )
  ) {
    return warehouseErrors.WAREHOUSE_CORRUPT({ location, path, problem }, { cause });
  }
  if (/no space left/i.test(problem)) {
    return warehouseErrors.WAREHOUSE_FULL({ location, sql: 'open', problem }, { cause });
  }
  return openErrors.WAREHOUSE_NOT_OPENED({ path, problem }, { cause });
}

const LockFile = z.object({ pid: z.number(), since: z.string(), command: z.string() });

/** Lock files of this process, and how many warehouses hold each. */
const held = new Map<string, number>();

/** Says who has the file, for others to read, as long as the warehouse is open. */
async function withLockFile(warehouse: Warehouse, path: string): Promise<Warehouse> {
  const lock = `${path}.lock`;
  const users = held.get(lock) ?? 0;
  held.set(lock, users + 1);
  if (users === 0) {
    const command = process.argv.slice(1).join(' ').slice(0, 300);
    const note = { pid: process.pid, since: new Date().toISOString(), command };
    await writeWhole(lock, `${JSON.stringify(note)}\n`, { sync: false });
  }
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const left = (held.get(lock) ?? 1) - 1;
    held.set(lock, left);
    // Removed before the file is let go of: after that the lock file would be another's.
    if (left <= 0) {
      held.delete(lock);
      await rm(lock, { force: true });
    }
    await warehouse[Symbol.asyncDispose]();
  };
  return { ...warehouse, [Symbol.asyncDispose]: () => (closed ??= close()) };
}

async function holderOf(path: string, problem: string): Promise<string> {
  const said = /\(PID (\d+)\)/.exec(problem)?.[1];
  const text = await readFile(`${path}.lock`, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '{}';
    throw error;
  });
  const note = LockFile.safeParse(parseJson(text));
  if (note.success && (said === undefined || said === String(note.data.pid))) {
    return `process ${note.data.pid} since ${note.data.since} (${note.data.command})`;
  }
  return said === undefined ? 'another process' : `process ${said}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // the note only adds words to a message
    throw error;
  }
}
