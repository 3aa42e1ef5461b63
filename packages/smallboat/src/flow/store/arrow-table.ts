import { createRequire } from 'node:module';
import { optionalPackage, messageOf } from '../../kernel/index.ts';
import { problemOf } from './arrow-file.ts';

/** What we need of the package `apache-arrow`. */
interface Arrow {
  readonly Table: abstract new (...args: never) => object;
  tableToIPC(table: unknown, type: 'file'): Uint8Array;
  tableFromIPC(file: Uint8Array): object;
}

let imported: Arrow | undefined;

/** Says that a table is to be written or read and the package has not been imported yet, which takes a promise: see `withArrow`. */
export class ArrowNeeded extends Error {}

/**
 * Does something with a value that may hold an Arrow table: at once where it holds none; else again, after importing `apache-arrow`.
 * Rejects with `PACKAGE_MISSING`.
 */
export async function withArrow<T>(work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ArrowNeeded)) throw error;
  }
  imported = asArrow(
    await optionalPackage('apache-arrow', 'An artifact that is an Arrow table', () => import('apache-arrow')),
  );
  return work();
}

/** The functions as we call them: theirs are typed by the columns, which nobody knows here. */
function asArrow(copy: unknown): Arrow {
  return copy as Arrow;
}

/** A table as the bytes of an Arrow IPC file; undefined if it is of a copy of the package that is not to be found from here. */
export function arrowFile(table: object): Uint8Array | undefined {
  if (imported === undefined) throw new ArrowNeeded();
  // Only the copy that made a table writes it well, and `instanceof` says yes for the tables of any.
  const madeBy = ({ Table }: Arrow): boolean => Object.getPrototypeOf(table) === Table.prototype;
  const maker = madeBy(imported) ? imported : required();
  return maker && madeBy(maker) ? maker.tableToIPC(table, 'file') : undefined;
}

/** The copy that CommonJS code gets. */
function required(): Arrow | undefined {
  try {
    return asArrow(createRequire(import.meta.url)('apache-arrow'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The table in an Arrow IPC file. Its columns are views of the bytes. Throws what `unreadable` makes of a problem with it. */
export function arrowTable(file: Uint8Array, unreadable: (problem: string) => Error): object {
  if (imported === undefined) throw new ArrowNeeded();
  const problem = problemOf(file);
  if (problem !== undefined) throw unreadable(problem);
  try {
    return imported.tableFromIPC(file);
  } catch (cause) {
    throw unreadable(messageOf(cause));
  }
}
