import { rm } from 'node:fs/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import { warehouseOf } from '../session.ts';
import { quoteText } from '../sql-text.ts';
import type { Warehouse } from '../warehouse.ts';
import { duckdbSession } from './session.ts';

export interface DuckDbOptions {
  /** Path of the file, or `:memory:`. Its folder must be there. */
  readonly path: string;
  /** DuckDB's `memory_limit`: above it, sorts, joins and groups go to the temporary folder. */
  readonly memoryLimitMiB: number;
  /** Where DuckDB puts what does not fit into memory; made when needed, removed on close. */
  readonly temporaryFolder: string;
  /** Default: as many as the machine has cores. */
  readonly threads?: number;
  readonly readOnly?: boolean;
  /** What `location` shows, where it is not the path: of a snapshot the file that it was made of. */
  readonly shownPath?: string;
}

/** A file, or a memory, that this process has open: all connections to one share it, or they would lose writes. */
interface Shared {
  readonly instance: DuckDBInstance;
  users: number;
  readonly lastClosed: () => Promise<void>;
}

const files = new Map<string, Shared>();

/** Whether this process has a file open already: another connection to it does not wait. */
export function isOpenHere(path: string): boolean {
  return files.has(path);
}

/**
 * A connection to a DuckDB file. Several in one process share the file, each with its own transactions and temporary
 * tables; the first one's settings hold for all. Use `openWarehouse`, which also deals with other processes.
 *
 * Extensions are neither installed nor loaded on their own (that would need the network), rows keep no order of their
 * own, and the zone is UTC.
 */
export async function duckdbWarehouse(options: DuckDbOptions): Promise<Warehouse> {
  const shared = await acquire(options);
  const release = async (): Promise<void> => {
    shared.users--;
    if (shared.users === 0) await shared.lastClosed();
  };
  try {
    if (shared.users === 1) await configure(shared.instance, options);
    const place = {
      location: `duckdb:${options.shownPath ?? options.path}`,
      path: options.path,
      instance: shared.instance,
    };
    const keep = (): (() => Promise<void>) => {
      shared.users++;
      return release;
    };
    return warehouseOf(await duckdbSession({ ...place, keep, release }));
  } catch (error) {
    await release();
    throw error;
  }
}

async function acquire(options: DuckDbOptions): Promise<Shared> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const { path, temporaryFolder } = options;
  const config = {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    access_mode: options.readOnly === true ? 'READ_ONLY' : 'AUTOMATIC',
  };
  const clean = (): Promise<void> => rm(temporaryFolder, { recursive: true, force: true });
  if (path === ':memory:') {
    const instance = await DuckDBInstance.create(':memory:', { ...config, access_mode: 'AUTOMATIC' });
    const lastClosed = (): Promise<void> => {
      instance.closeSync();
      return clean();
    };
    return { instance, users: 1, lastClosed };
  }
  const instance = await DuckDBInstance.fromCache(path, config);
  const known = files.get(path);
  if (known !== undefined) {
    instance.closeSync(); // a handle of the same database, which the first one keeps open
    known.users++;
    return known;
  }
  const lastClosed = (): Promise<void> => {
    files.delete(path);
    instance.closeSync();
    return clean();
  };
  const shared = { instance, users: 1, lastClosed };
  files.set(path, shared);
  return shared;
}

async function configure(instance: DuckDBInstance, options: DuckDbOptions): Promise<void> {
  const connection = await instance.connect();
  try {
    await connection.run(`SET GLOBAL memory_limit = ${quoteText(`${options.memoryLimitMiB}MiB`)}`);
    await connection.run(`SET GLOBAL temp_directory = ${quoteText(options.temporaryFolder)}`);
    await connection.run('SET GLOBAL preserve_insertion_order = false');
    await connection.run(`SET GLOBAL TimeZone = 'UTC'`);
    if (options.threads !== undefined) await connection.run(`SET GLOBAL threads = ${options.threads}`);
  } finally {
    connection.closeSync();
  }
}
