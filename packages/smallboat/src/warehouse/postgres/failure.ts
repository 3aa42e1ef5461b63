import { messageOf } from '../../kernel/index.ts';
import { positionAt, shortSql } from '../sql-text.ts';
import { warehouseErrors } from '../warehouse.ts';

/** What `pg` has of an error of the server's. */
interface ServerError {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly severity?: string;
}

function read(cause: unknown): ServerError {
  return cause instanceof Error ? (cause as ServerError) : {};
}

/** What it says, on one line: the message, what it adds, and its hint. */
export function problemOf(cause: unknown): string {
  const { detail, hint } = read(cause);
  // A host with several addresses gives one error for each.
  const several = cause instanceof AggregateError ? cause.errors.map((one: unknown) => problemOf(one)).join('; ') : '';
  const message = several || messageOf(cause);
  return [message, ...(detail === undefined ? [] : [`(${detail})`]), ...(hint === undefined ? [] : [hint])]
    .join(' ')
    .trim();
}

/** The connection broke, or the server ended it. */
export function isGone(cause: unknown): boolean {
  const { code = '' } = read(cause);
  if (/^(?:57P0[1-5]|08\w{3}|ECONN\w+|EPIPE|ETIMEDOUT|ENOTCONN)$/.test(code)) return true;
  return cause instanceof Error && /connection terminated|connection ended|not queryable/i.test(cause.message);
}

/** Somebody listens there, or will: the server starts or stops, or has no connection left. */
export function isStarting(cause: unknown): boolean {
  const { code = '' } = read(cause);
  return ['57P03', '57P01', '53300', 'ECONNRESET'].includes(code);
}

/** Wrong user or password, or none given. */
export function isRefusedLogin(cause: unknown): boolean {
  if ((read(cause).code ?? '').startsWith('28')) return true;
  return cause instanceof Error && /password must be a (?:non-empty )?string|no password/i.test(cause.message);
}

interface Failed {
  readonly location: string;
  readonly sql: string;
  /** From a place in the text that was sent to one in `sql`. */
  readonly original?: (offset: number) => number;
}

/** What the server said, as one of our errors. */
export function failureOf({ location, sql, original = (offset) => offset }: Failed, cause: unknown): Error {
  const { code, position } = read(cause);
  const facts = {
    location,
    sql: shortSql(sql),
    problem: problemOf(cause),
    ...(code === undefined ? {} : { state: code }),
  };
  if (code === '53100') return warehouseErrors.WAREHOUSE_FULL(facts, { cause });
  if (position === undefined) return warehouseErrors.STATEMENT_FAILED(facts, { cause });
  // The server counts characters, JavaScript the two halves of those beyond U+FFFF.
  const units = Array.from(sql).length === sql.length ? Number(position) - 1 : unitsBefore(sql, Number(position) - 1);
  return warehouseErrors.STATEMENT_FAILED({ ...facts, at: positionAt(sql, original(units)) }, { cause });
}

function unitsBefore(sql: string, characters: number): number {
  return Array.from(sql).slice(0, characters).join('').length;
}
