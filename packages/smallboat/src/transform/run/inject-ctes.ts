/** Text at the start of a statement that says nothing: white space and comments. */
const NOTHING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/;

/** Puts named queries in front of a statement; one that begins with `with` gets them before its own. */
export function injectCtes(sql: string, ctes: readonly { readonly name: string; readonly sql: string }[]): string {
  if (ctes.length === 0) return sql;
  const parts = ctes.map(({ name, sql: text }) => ` ${name} as (\n${text}\n)`).join(',');
  const start = NOTHING.exec(sql)?.[0] ?? '';
  const rest = sql.slice(start.length);
  const own = /^with\s+(recursive\s+)?/i.exec(rest);
  if (own) return `${start}with ${own[1] ?? ''}${parts}, ${rest.slice(own[0].length)}`;
  return `with ${parts} ${sql}`;
}
