import type { Dialect, Position } from './warehouse.ts';

/** A name as SQL reads it, whatever is in it: `say "hi"` becomes `"say ""hi"""`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A name as one writes it in a dialect: quoted, but on Snowflake a plain one in lower case is left as it is. There unquoted names
 * are upper case, so that a table of that name is the one which everybody else's unquoted SQL finds.
 */
export function nameIn(dialect: Dialect, name: string): string {
  return dialect === 'snowflake' && /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name) ? name : quoteName(name);
}

/** Names of columns that we give and that Snowflake keeps for itself. */
const RESERVED = new Set('column from group order row rows select table to union values where with'.split(' '));

/** A text as SQL reads it: `it's` becomes `'it''s'`. Values of rows go as parameters; this is for options and paths. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A text as a dialect reads it: on Snowflake a backslash says something of its own. */
export function textIn(dialect: Dialect, text: string): string {
  return quoteText(dialect === 'snowflake' ? text.replaceAll('\\', '\\\\') : text);
}

/** A statement on one line, cut to be put into a message. */
export function shortSql(sql: string, length = 160): string {
  const line = sql.replaceAll(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** `"my schema".t` → ['my schema', 't']: the parts of a name, last the table. */
export function partsOf(relation: string): readonly string[] {
  return [...relation.matchAll(/"((?:[^"]|"")*)"|([^".\s]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}

/** Line and column of the character at `offset`, which counts UTF-16 units from 0. */
export function positionAt(sql: string, offset: number): Position {
  const before = sql.slice(0, Math.max(0, offset));
  const line = before.split('\n').length;
  return { line, column: before.length - (before.lastIndexOf('\n') + 1) + 1 };
}
