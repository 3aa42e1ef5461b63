import { readFile, rm, stat } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { totalmem, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { isMissing, writeWhole, messageOf } from '../../kernel/index.ts';
import { openErrors } from '../open-errors.ts';
import type { OpenOptions } from '../open-warehouse.ts';
import type { Warehouse } from '../warehouse.ts';
import { warehouseErrors } from '../warehouse.ts';
import type { DuckDbOptions } from './duckdb.ts';
import { duckdbWarehouse, isOpenHere } from './duckdb.ts';
import { isLine, pause, standInLine } from './line.ts';
import { copySnapshot, removeSnapshot } from './snapshot.ts';

/**
 * Opens a DuckDB file, or `:memory:`. The file and its folders are made when they are not there.
 *
 * One process writes to a file at a time: the others stand in line, and reject with `WAREHOUSE_LOCKED` only when their time is over; it names
 * the process that has the file (from `<file>.lock`). To read, a copy as of now will do (`whenBusy: 'snapshot'`). What holds the file is a lock of the operating system, which ends with the
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
  if (!readOnly) return withLockFile(await openInTurn(adapter, options), path);
  if (options.whenBusy !== 'snapshot') return openInTurn(adapter, options);
  return (await openAtOnce(adapter)) ?? openSnapshot(adapter, options);
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

/** The warehouse, or undefined where another process has the file. */
async function openAtOnce(adapter: DuckDbOptions): Promise<Warehouse | undefined> {
  try {
    return await duckdbWarehouse(adapter);
  } catch (cause) {
    if (isBusy(cause)) return undefined;
    throw openFailure(adapter.path, problemOf(cause), cause);
  }
}

const problemOf = (cause: unknown): string => messageOf(cause).trim();

/** Another process has the file, or this one has it open to read, or the other way round. */
function isBusy(cause: unknown): boolean {
  return /could not set lock|conflicting lock|being used by another process|different configuration/i.test(
    problemOf(cause),
  );
}

/** Waits for the file behind those who came before. */
async function openInTurn(adapter: DuckDbOptions, { waitSeconds = 30, signal }: OpenOptions): Promise<Warehouse> {
  const { path } = adapter;
  signal?.throwIfAborted();
  const start = Date.now();
  let cause: unknown;
  const open = async (): Promise<Warehouse | undefined> => {
    try {
      return await duckdbWarehouse(adapter);
    } catch (error) {
      if (!isBusy(error)) throw openFailure(path, problemOf(error), error);
      cause = error;
      return undefined;
    }
  };
  if (isOpenHere(path) || !(await isLine(path))) {
    const opened = await open();
    if (opened !== undefined) return opened;
  }
  await using place = await standInLine(path);
  for (;;) {
    signal?.throwIfAborted();
    const isFirst = await place.isFirst();
    const opened = isFirst || isOpenHere(path) ? await open() : undefined;
    if (opened !== undefined) return opened;
    const waitedMs = Date.now() - start;
    if (waitedMs > waitSeconds * 1000) {
      const waitedSeconds = Math.round(waitedMs / 1000);
      const holder = await holderOf(path, problemOf(cause));
      throw openErrors.WAREHOUSE_LOCKED({ path, holder, waitedSeconds }, { cause });
    }
    await pause(isFirst, signal);
  }
}

/** A copy of the file as of now, read by this process alone and removed at the end. */
async function openSnapshot(adapter: DuckDbOptions, { waitSeconds = 30, signal }: OpenOptions): Promise<Warehouse> {
  const { path } = adapter;
  const copy = `${path}.snapshot-${process.pid}-${randomUUID().slice(0, 8)}`;
  const deadline = Date.now() + waitSeconds * 1000;
  for (;;) {
    if (!(await copySnapshot(path, copy, deadline, signal))) {
      const holder = await holderOf(path, '');
      throw openErrors.WAREHOUSE_LOCKED({ path, holder, waitedSeconds: waitSeconds });
    }
    try {
      const warehouse = await duckdbWarehouse({
        ...adapter,
        path: copy,
        shownPath: path,
        temporaryFolder: `${copy}.spill`,
      });
      return closing(warehouse, () => removeSnapshot(copy));
    } catch (cause) {
      await removeSnapshot(copy);
      if (Date.now() > deadline) throw openFailure(path, problemOf(cause), cause); // it is the file that is damaged
    }
  }
}

/** A warehouse, and all that are connected from it, with something to do when the last of them is closed. */
function closing(warehouse: Warehouse, last: () => Promise<void>): Warehouse {
  let users = 0;
  const counted = (one: Warehouse): Warehouse => {
    users++;
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await one[Symbol.asyncDispose]();
      if (--users === 0) await last();
    };
    return {
      ...one,
      connect: async () => counted(await one.connect()),
      [Symbol.asyncDispose]: () => (closed ??= close()),
    };
  };
  return counted(warehouse);
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
  const connect = async (): Promise<Warehouse> => withLockFile(await warehouse.connect(), path);
  return { ...warehouse, connect, [Symbol.asyncDispose]: () => (closed ??= close()) };
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
