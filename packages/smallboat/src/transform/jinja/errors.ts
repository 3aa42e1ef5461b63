import { defineErrors } from '../../kernel/index.ts';

interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** The line, and a caret under the place. */
  readonly excerpt: string;
}

export const jinjaErrors = defineErrors({
  TEMPLATE_SYNTAX: (f: Place & { problem: string }) =>
    `${f.file}:${f.line}:${f.column}: ${f.problem}. Correct the template here:\n${f.excerpt}`,
  TEMPLATE_FAILED: (f: Place & { problem: string; calledFrom: readonly string[] }) =>
    `${f.file}:${f.line}:${f.column}: ${f.problem}. It was raised here:\n${f.excerpt}` +
    f.calledFrom.map((place) => `\n  called from ${place}`).join(''),
});

/** A template's text and the name of its file, for messages. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Where offset `at` of a source is, in words that an editor understands. */
export function placeOf({ file, text }: Source, at: number): Place {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', at);
  const content = text.slice(start, end === -1 ? undefined : end);
  const column = at - start + 1;
  const margin = `${line} | `;
  const blank = content.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return { file, line, column, excerpt: `${margin}${content}\n${' '.repeat(margin.length)}${blank}^` };
}

export function syntaxError(source: Source, at: number, problem: string): Error {
  return jinjaErrors.TEMPLATE_SYNTAX({ ...placeOf(source, at), problem });
}
