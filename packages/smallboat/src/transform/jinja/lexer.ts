import type { Source } from './errors.ts';
import { syntaxError } from './errors.ts';

/** A piece of a template. `at` is its offset in the text. */
export interface Token {
  readonly kind:
    | 'data'
    | 'block'
    | 'block end'
    | 'print'
    | 'print end'
    | 'name'
    | 'int'
    | 'float'
    | 'string'
    | 'operator'
    | 'end';
  /** The text itself; of a string what it stands for. */
  readonly text: string;
  readonly at: number;
}

const OPENING = /\{\{|\{%|\{#/g;
const RAW = /[-+]?\s*raw\s*(-|\+)?%\}/y;
const END_RAW = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const FLOAT = /(?<!\.)\d(?:_?\d)*(?:\.\d(?:_?\d)*(?:e[+-]?\d(?:_?\d)*)?|e[+-]?\d(?:_?\d)*)/iy;
const INT = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|\d(?:_?\d)*/iy;
const STRING = /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/y;
const OPERATOR = /\*\*|\/\/|==|!=|>=|<=|[-+*/%~<>=()[\]{}.:|,;]/y;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * Cuts a template, or the part of it in `range`, into its tokens, with Jinja's white space control (`{%-`, `-%}`), comments and raw blocks done.
 * As in dbt, blocks are not trimmed by themselves and one newline at the end of the text is dropped.
 */
export function tokenize(from: Source, range?: { readonly start: number; readonly end: number }): Token[] {
  const { text: all } = from;
  // A block of a larger file is cut by its end; a whole file loses its last line break.
  const text = range ? all.slice(0, range.end) : all.endsWith('\n') ? all.slice(0, -1) : all;
  const tokens: Token[] = [];
  let at = range?.start ?? 0;
  let stripLeft = false;

  const data = (start: number, end: number, stripRight: boolean): void => {
    let content = text.slice(start, end);
    if (stripLeft) content = content.trimStart();
    if (stripRight) content = content.trimEnd();
    if (content !== '') tokens.push({ kind: 'data', text: content, at: start });
    stripLeft = false;
  };

  while (at < text.length) {
    OPENING.lastIndex = at;
    const opening = OPENING.exec(text);
    if (opening === null) {
      data(at, text.length, false);
      break;
    }
    const start = opening.index;
    data(at, start, text[start + 2] === '-');
    if (opening[0] === '{#') {
      const end = text.indexOf('#}', start + 2);
      if (end === -1) throw syntaxError(from, start, "The comment '{#' is never closed with '#}'");
      stripLeft = text[end - 1] === '-' && end - 1 > start + 1;
      at = end + 2;
      continue;
    }
    if (opening[0] === '{%') {
      const raw = match(RAW, text, start + 2);
      if (raw !== undefined) {
        const body = start + 2 + raw.length;
        END_RAW.lastIndex = body;
        const end = END_RAW.exec(text);
        if (end === null) throw syntaxError(from, start, "'raw' is never closed with 'endraw'");
        stripLeft = raw.endsWith('-%}');
        data(body, end.index, end[1] === '-');
        stripLeft = end[2] === '-';
        at = end.index + end[0].length;
        continue;
      }
    }
    const inner = inside({ file: from.file, text }, start, opening[0] === '{%' ? 'block' : 'print');
    tokens.push(...inner.tokens);
    stripLeft = inner.stripNext;
    at = inner.end;
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

interface Inside {
  readonly tokens: readonly Token[];
  readonly end: number;
  readonly stripNext: boolean;
}

/** The tokens from `{{` or `{%` to its end. */
function inside(source: Source, start: number, kind: 'block' | 'print'): Inside {
  const { text } = source;
  const mark = kind === 'block' ? '%}' : '}}';
  const tokens: Token[] = [{ kind, text: text.slice(start, start + 2), at: start }];
  const open: string[] = [];
  let at = start + 2;
  if (text[at] === '-' || text[at] === '+') at += 1;
  for (;;) {
    while (/\s/.test(text[at] ?? 'x')) at += 1;
    if (at >= text.length) {
      throw syntaxError(source, start, `'${text.slice(start, start + 2)}' is never closed with '${mark}'`);
    }
    if (open.length === 0) {
      const sign = text[at] === '-' || text[at] === '+' ? 1 : 0;
      if (text.startsWith(mark, at + sign)) {
        tokens.push({ kind: `${kind} end`, text: mark, at });
        return { tokens, end: at + sign + 2, stripNext: text[at] === '-' };
      }
    }
    const token = one(source, at);
    if (token.kind === 'operator') {
      const closing = CLOSING[token.text];
      if (closing !== undefined) open.push(closing);
      else if (')]}'.includes(token.text)) {
        const expected = open.pop();
        if (expected !== token.text) {
          throw syntaxError(source, at, `Unexpected '${token.text}'${expected ? `, expected '${expected}'` : ''}`);
        }
      }
    }
    tokens.push(token);
    at = token.end;
  }
}

function one(source: Source, at: number): Token & { readonly end: number } {
  const { text } = source;
  const kinds = [
    ['name', NAME],
    ['float', FLOAT],
    ['int', INT],
    ['string', STRING],
    ['operator', OPERATOR],
  ] as const;
  for (const [kind, pattern] of kinds) {
    const found = match(pattern, text, at);
    if (found === undefined) continue;
    const content = kind === 'string' ? unescape(found.slice(1, -1)) : found;
    return { kind, text: content, at, end: at + found.length };
  }
  throw syntaxError(source, at, `Unexpected character ${JSON.stringify(text[at])}`);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Python's escapes in a string literal; one that it does not know stays as it is written. */
function unescape(text: string): string {
  return text.replace(/\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|[^])/g, (all: string) => {
    if (/^\\[xuU]./.test(all) && all.length > 2) return String.fromCodePoint(Number.parseInt(all.slice(2), 16));
    if (/^\\[0-7]/.test(all)) return String.fromCodePoint(Number.parseInt(all.slice(1), 8));
    return ESCAPES[all.slice(1)] ?? all;
  });
}
