import type { Rewritten } from '../sql-scan.ts';
import { rewritePlaceholders, withoutEnd } from '../sql-scan.ts';
import { quoteText } from '../sql-text.ts';
import type { Parameter } from '../warehouse.ts';

/** A query with its parameters in the text, for what takes none (COPY, DECLARE), and without its semicolon. */
export function inlined(sql: string, parameters?: readonly Parameter[]): Rewritten {
  const text = withoutEnd(sql);
  if (parameters === undefined) return { sql: text, count: 0, original: (offset) => offset };
  return rewritePlaceholders(text, (i) => literal(parameters[i] ?? null));
}

/** A value as SQL of PostgreSQL's kind has it. */
export function literal(value: Parameter): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') {
    // As E'…': what a backslash is in '…' is a setting.
    return value.includes('\\') ? ` E${quoteText(value.replaceAll('\\', '\\\\'))}` : quoteText(value);
  }
  return typeof value === 'number' && value < 0 ? `(${value})` : String(value);
}
