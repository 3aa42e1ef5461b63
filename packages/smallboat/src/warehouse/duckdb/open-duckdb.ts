import { readFile, rm, stat } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { totalmem, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { isMissing, writeWhole } from '../../kernel/index.ts';
import { openErrors } from '../open-errors.ts';
import type { OpenOptions } from '../open-warehouse.ts';
import type { Warehouse } from '../warehouse.ts';
import { warehouseErrors } from '../warehouse.ts';
import type { DuckDbOptions } from './duckdb.ts';
import { duckdbWarehouse } from './duckdb.ts';

/**
 * Opens a DuckDB file, or `:memory:`. The file and its folders are made when they are not there.
 *
 * One process writes to a file at a time: the others wait, and then reject with `WAREHOUSE_LOCKED`, which names the
 * process that has it (from `<file>.lock`). What holds the file is a lock of the operating system, which ends with the
 * process however that ends: a lock file left behind by a killed one is taken over.
 */
export async function openDuckDb(place: string, options: OpenOptions): Promise<Warehouse> {
  const memoryLimitMiB = options.memoryLimitMiB ?? defaultMemoryLimitMiB();
  const shared = { memoryLimitMiB, ...(options.threads === undefined ? {} : { threads: options.threads }) };
  if (place === ':memory:') {
    const temporaryFolder = options.temporaryFolder ?? join(tmpdir(), `smallboat-${randomUUID()}.spill`);
    return duckdbWarehouse({ path: place, temporaryFolder, ...shared });
  }
  const path = resolve(options.cwd ?? process.cwd(), place);
  const readOnly = options.readOnly ?? false;
  await prepare(path, readOnly);
  const temporaryFolder = options.temporaryFolder ?? (readOnly ? `${path}.spill-${process.pid}` : `${path}.spill`);
  const adapter = { path, readOnly, temporaryFolder, ...shared };
  const warehouse = await openInTime(adapter, options);
  return readOnly ? warehouse : withLockFile(warehouse, path);
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

async function openInTime(adapter: DuckDbOptions, { waitSeconds = 30, signal }: OpenOptions): Promise<Warehouse> {
  const { path } = adapter;
  const start = Date.now();
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 250)) {
    signal?.throwIfAborted();
    try {
      return await duckdbWarehouse(adapter);
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
