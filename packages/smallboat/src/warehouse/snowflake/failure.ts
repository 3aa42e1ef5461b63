import { messageOf } from '../../kernel/index.ts';
import { positionAt, shortSql } from '../sql-text.ts';
import { warehouseErrors } from '../warehouse.ts';

/** What the SDK has of an error. */
interface SdkError {
  readonly code?: string | number;
  readonly sqlState?: string;
  readonly cause?: unknown;
}

function read(cause: unknown): SdkError {
  return cause instanceof Error ? cause : {};
}

const codeOf = (cause: unknown): string => String(read(cause).code ?? '').padStart(6, '0');

/** What it says, on one line. */
export function problemOf(cause: unknown): string {
  const message = messageOf(cause);
  const within = read(cause).cause;
  const why = within instanceof Error && !message.includes(within.message) ? ` (${within.message})` : '';
  return `${message.replaceAll(/\s+/g, ' ').trim()}${why}`;
}

/** Nobody answers: 401001 and 401002 are the SDK's failed requests, 402001 a certificate that cannot be checked. */
export function isUnreachable(cause: unknown): boolean {
  return ['401001', '401002', '402001'].includes(codeOf(cause));
}

/** The session is over: no answer, or expired (3901xx), or closed on this side (405503, 407002). */
export function isGone(cause: unknown): boolean {
  return (
    isUnreachable(cause) ||
    ['390104', '390111', '390112', '390113', '390114', '405503', '407001', '407002'].includes(codeOf(cause))
  );
}

/** Wrong user, password, key or token: 390100, 390101, 390144 and their kin. */
export function isRefusedLogin(cause: unknown): boolean {
  return (
    /^3901(?:0[0-3]|2\d|3\d|4\d|9\d)$|^3903\d\d$|^39040\d$/.test(codeOf(cause)) ||
    /^40400\d|^40401\d|^40402\d|^40403\d/.test(codeOf(cause))
  );
}

interface Failed {
  readonly location: string;
  readonly sql: string;
}

/** What the server said, as one of our errors. `line 3 at position 7` counts columns from 0. */
export function failureOf({ location, sql }: Failed, cause: unknown): Error {
  const { sqlState } = read(cause);
  const problem = problemOf(cause);
  const facts = { location, sql: shortSql(sql), problem, ...(sqlState === undefined ? {} : { state: sqlState }) };
  const [, line, column] = /line (\d+) at position (\d+)/.exec(problem) ?? [];
  if (line === undefined || column === undefined) return warehouseErrors.STATEMENT_FAILED(facts, { cause });
  const from = offsetOfLine(sql, Number(line));
  return warehouseErrors.STATEMENT_FAILED({ ...facts, at: positionAt(sql, from + Number(column)) }, { cause });
}

function offsetOfLine(sql: string, line: number): number {
  return sql
    .split('\n')
    .slice(0, line - 1)
    .reduce((sum, text) => sum + text.length + 1, 0);
}
