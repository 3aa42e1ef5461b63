/** A name as SQL reads it, whatever is in it: `say "hi"` becomes `"say ""hi"""`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL reads it: `it's` becomes `'it''s'`. Values of rows go as parameters; this is for options and paths. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A statement on one line, cut to be put into a message. */
export function shortSql(sql: string, length = 160): string {
  const line = sql.replaceAll(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
