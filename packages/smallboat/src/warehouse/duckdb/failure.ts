import { messageOf } from '../../kernel/index.ts';
import * as z from 'zod';
import { positionAt, shortSql } from '../sql-text.ts';
import { warehouseErrors } from '../warehouse.ts';

interface Failed {
  readonly location: string;
  readonly path: string;
  readonly sql: string;
}

/** What DuckDB says as JSON when `errors_as_json` is set; `position` counts bytes from 0. */
const Told = z.object({ exception_type: z.string(), exception_message: z.string(), position: z.string().optional() });

/** What DuckDB said, as one of our errors. */
export function failureOf({ location, path, sql }: Failed, cause: unknown): Error {
  const { problem, offset } = readFailure(cause);
  const facts = { location, sql: shortSql(sql), problem };
  if (isFullDisk(problem)) return warehouseErrors.WAREHOUSE_FULL(facts, { cause });
  if (isCorruption(problem)) return warehouseErrors.WAREHOUSE_CORRUPT({ location, path, problem }, { cause });
  if (offset === undefined) return warehouseErrors.STATEMENT_FAILED(facts, { cause });
  const at = positionAt(sql, Buffer.from(sql).subarray(0, offset).toString('utf8').length);
  return warehouseErrors.STATEMENT_FAILED({ ...facts, at }, { cause });
}

function readFailure(cause: unknown): { readonly problem: string; readonly offset?: number } {
  const text = messageOf(cause).trim();
  const json = /\{"exception_type".*\}$/s.exec(text)?.[0];
  const told = json === undefined ? undefined : Told.safeParse(parseJson(json));
  if (told?.success !== true) return { problem: text };
  const { exception_type: type, exception_message: message, position } = told.data;
  return {
    problem: `${type} Error: ${message}`.trim(),
    ...(position === undefined ? {} : { offset: Number(position) }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // then the text is all there is
    throw error;
  }
}

/** What DuckDB says when a disk, or its own `max_temp_directory_size`, is full. */
function isFullDisk(problem: string): boolean {
  return /no space left on device|enospc|disk quota exceeded|max_temp_directory_size/i.test(problem);
}

/** What DuckDB says of its own file when it is damaged, not of another file that it reads. */
function isCorruption(problem: string): boolean {
  return /corrupt database file|not a valid duckdb database file|failure while replaying wal|failed to deserialize|Serialization Error|database has been invalidated.*checksum/i.test(
    problem,
  );
}
