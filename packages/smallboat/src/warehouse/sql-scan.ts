/** A piece of a statement: what stands between quotes or in a comment, or what does not. */
interface Piece {
  readonly kind: 'code' | 'text' | 'comment';
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts SQL into code, quoted pieces and comments, as all four warehouses read them: `'…'` with `''` (and with `\'` after
 * E, or everywhere with `backslash`, as on Snowflake), `"…"`, `$tag$…$tag$`, `-- …`, and comments in stars, which nest.
 */
export function piecesOf(sql: string, { backslash = false } = {}): readonly Piece[] {
  const pieces: Piece[] = [];
  let code = 0;
  const put = (kind: Piece['kind'], from: number, to: number): void => {
    if (from > code) pieces.push({ kind: 'code', from: code, to: from });
    pieces.push({ kind, from, to });
    code = to;
  };
  for (let at = 0; at < sql.length; at = Math.max(at + 1, code)) {
    const two = sql.slice(at, at + 2);
    if (two === '--') put('comment', at, endOfLine(sql, at));
    else if (two === '/*') put('comment', at, endOfComment(sql, at));
    else if (sql[at] === '"') put('text', at, endOfQuoted(sql, at, false));
    else if (sql[at] === "'")
      put('text', at, endOfQuoted(sql, at, backslash || /(?:^|\W)e$/i.test(sql.slice(Math.max(0, at - 2), at))));
    else if (sql[at] === '$') {
      const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(sql.slice(at, at + 66))?.[0];
      if (tag !== undefined && !/\w/.test(sql[at - 1] ?? '')) put('text', at, endAfter(sql, tag, at + tag.length));
    }
  }
  if (code < sql.length) pieces.push({ kind: 'code', from: code, to: sql.length });
  return pieces;
}

function endAfter(sql: string, mark: string, from: number): number {
  const at = sql.indexOf(mark, from);
  return at === -1 ? sql.length : at + mark.length;
}

function endOfLine(sql: string, from: number): number {
  const at = sql.indexOf('\n', from);
  return at === -1 ? sql.length : at;
}

function endOfComment(sql: string, from: number): number {
  let depth = 0;
  for (const { 0: mark, index } of sql.slice(from).matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1;
    if (depth === 0) return from + index + 2;
  }
  return sql.length;
}

function endOfQuoted(sql: string, from: number, backslash: boolean): number {
  const quote = sql[from];
  for (let at = from + 1; at < sql.length; at++) {
    if (backslash && sql[at] === '\\') at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

/** SQL with its placeholders written in another way, and how to find places of the new text in the old one. */
export interface Rewritten {
  readonly sql: string;
  readonly count: number;
  /** The place in the old text of a place in the new one. */
  readonly original: (offset: number) => number;
}

/** Writes each `?` of the code as `place(i)`, i from 0, and `??` as `?`. */
export function rewritePlaceholders(sql: string, place: (index: number) => string): Rewritten {
  let text = '';
  let count = 0;
  const changes: { readonly at: number; readonly old: number }[] = [];
  for (const { kind, from, to } of piecesOf(sql)) {
    if (kind !== 'code') {
      text += sql.slice(from, to);
      continue;
    }
    let done = from;
    for (const { 0: mark, index } of sql.slice(from, to).matchAll(/\?\??/g)) {
      const at = from + index;
      text += sql.slice(done, at);
      text += mark === '??' ? '?' : place(count++);
      done = at + mark.length;
      changes.push({ at: text.length, old: done });
    }
    text += sql.slice(done, to);
  }
  const original = (offset: number): number => {
    const last = changes.findLast(({ at }) => at <= offset);
    return last === undefined ? offset : last.old + offset - last.at;
  };
  return { sql: text, count, original };
}

/** The statements of a text, cut at the semicolons of its code; pieces without code are left out. */
export function splitStatements(sql: string, options: { readonly backslash?: boolean } = {}): readonly string[] {
  const statements: string[] = [];
  let from = 0;
  let hasCode = false;
  const cut = (to: number): void => {
    const text = sql.slice(from, to).trim();
    if (hasCode && text !== '') statements.push(text);
    hasCode = false;
  };
  for (const piece of piecesOf(sql, options)) {
    if (piece.kind !== 'code') {
      hasCode ||= piece.kind === 'text';
      continue;
    }
    for (let at = piece.from; at < piece.to; at++) {
      if (sql[at] === ';') {
        cut(at);
        from = at + 1;
      } else if (sql[at] !== ' ' && sql[at] !== '\n' && sql[at] !== '\t' && sql[at] !== '\r') hasCode = true;
    }
  }
  cut(sql.length);
  return statements;
}

/** The first words of a statement in lower case, without comments: `begin transaction`, `select`. At most `count`. */
export function firstWords(sql: string, count = 1): string {
  const code = piecesOf(sql)
    .filter(({ kind }) => kind !== 'comment')
    .map(({ from, to }) => sql.slice(from, Math.min(to, from + 200)))
    .join(' ');
  return (code.match(/[A-Za-z]+/g) ?? []).slice(0, count).join(' ').toLowerCase();
}

/** A query without the semicolon at its end, so that it fits into parentheses, with a line break behind it: it may end in a comment. */
export function withoutEnd(sql: string): string {
  for (const { kind, from, to } of piecesOf(sql).toReversed()) {
    if (kind === 'comment' || sql.slice(from, to).trim() === '') continue;
    const code = kind === 'code' ? sql.slice(from, to).trimEnd() : '';
    if (code.endsWith(';'))
      return withoutEnd(`${sql.slice(0, from + code.length - 1)} ${sql.slice(from + code.length)}`);
    break;
  }
  return sql;
}
