import type { Source } from './errors.ts';
import { syntaxError } from './errors.ts';

/** What dbt reads as a unit from a file, beside the template that a model is. */
export type BlockKind = 'macro' | 'materialization' | 'test' | 'data_test' | 'snapshot' | 'docs';

/** A block at the top of a file: offsets into its text. */
export interface Block {
  readonly kind: BlockKind;
  readonly name: string;
  /** From `{%` of the opening tag to `%}` of the closing one. */
  readonly start: number;
  readonly end: number;
  /** What stands between the tags. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

const KINDS: ReadonlySet<string> = new Set(['macro', 'materialization', 'test', 'data_test', 'snapshot', 'docs']);
const OPENING = /\{\{|\{%|\{#/g;
const WORD = /[-+]?\s*([A-Za-z_]\w*)(?:\s+([A-Za-z_]\w*))?/y;

/**
 * The blocks of a file, without reading what is inside of them: a file of macros costs little until one is called.
 *
 * @throws `TEMPLATE_SYNTAX` for a block, a tag or a comment that is never closed.
 */
export function blocksOf(source: Source): Block[] {
  const { text } = source;
  const blocks: Block[] = [];
  let open: Omit<Block, 'end' | 'bodyEnd'> | undefined;
  let at = 0;
  for (;;) {
    OPENING.lastIndex = at;
    const found = OPENING.exec(text);
    if (found === null) break;
    const start = found.index;
    if (found[0] === '{#') {
      at = afterComment(source, start);
      continue;
    }
    if (found[0] === '{{') {
      at = open ? start + 2 : tagEnd(source, start, '}}');
      continue;
    }
    WORD.lastIndex = start + 2;
    const [, word = '', name = ''] = WORD.exec(text) ?? [];
    if (word === 'raw') {
      at = afterRaw(source, start);
      continue;
    }
    const end = tagEnd(source, start, '%}');
    if (open) {
      if (word === `end${open.kind}`) {
        blocks.push({ ...open, end, bodyEnd: start });
        open = undefined;
      }
    } else if (KINDS.has(word)) open = { kind: word as BlockKind, name, start, bodyStart: end };
    at = end;
  }
  if (open) throw syntaxError(source, open.start, `'${open.kind}' is never closed with 'end${open.kind}'`);
  return blocks;
}

function afterComment(source: Source, start: number): number {
  const end = source.text.indexOf('#}', start + 2);
  if (end === -1) throw syntaxError(source, start, "The comment '{#' is never closed with '#}'");
  return end + 2;
}

function afterRaw(source: Source, start: number): number {
  const closing = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
  closing.lastIndex = start;
  const found = closing.exec(source.text);
  if (found === null) throw syntaxError(source, start, "'raw' is never closed with 'endraw'");
  return found.index + found[0].length;
}

/** Behind the end of the tag that starts at `start`; quotes inside of it hide the mark. */
function tagEnd(source: Source, start: number, mark: '}}' | '%}'): number {
  const { text } = source;
  for (let i = start + 2; i < text.length; i += 1) {
    const c = text[i];
    if (c === '"' || c === "'") {
      i += 1;
      while (i < text.length && text[i] !== c) i += text[i] === '\\' ? 2 : 1;
    } else if (c === mark[0] && text[i + 1] === mark[1]) return i + 2;
  }
  throw syntaxError(source, start, `'${text.slice(start, start + 2)}' is never closed with '${mark}'`);
}
