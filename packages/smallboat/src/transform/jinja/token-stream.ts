import type { Source } from './errors.ts';
import { syntaxError } from './errors.ts';
import type { Token } from './lexer.ts';

/** The tokens of one template, read from left to right. */
export interface TokenStream {
  readonly source: Source;
  /** The token that is next, without taking it. */
  peek(ahead?: number): Token;
  take(): Token;
  /** True, and takes it, if the next token is this operator. */
  takes(operator: string): boolean;
  /** True if the next token is this operator. */
  sees(operator: string): boolean;
  /** True if the next token is this name. */
  seesName(name: string): boolean;
  expect(kind: Token['kind'], text?: string): Token;
  fail(problem: string, at?: number): never;
}

export function tokenStream(source: Source, tokens: readonly Token[]): TokenStream {
  let next = 0;
  const end: Token = { kind: 'end', text: '', at: source.text.length };
  const stream: TokenStream = {
    source,
    peek: (ahead = 0) => tokens[next + ahead] ?? end,
    take: () => tokens[next++] ?? end,
    sees: (operator) => stream.peek().kind === 'operator' && stream.peek().text === operator,
    seesName: (name) => stream.peek().kind === 'name' && stream.peek().text === name,
    takes: (operator) => {
      if (!stream.sees(operator)) return false;
      next += 1;
      return true;
    },
    expect: (kind, text) => {
      const token = stream.peek();
      if (token.kind !== kind || (text !== undefined && token.text !== text)) {
        stream.fail(`Expected ${text === undefined ? `a ${kind}` : `'${text}'`}, found ${describe(token)}`);
      }
      return stream.take();
    },
    fail: (problem, at) => {
      throw syntaxError(source, at ?? stream.peek().at, problem);
    },
  };
  return stream;
}

/** A token in words, for messages. */
export function describe(token: Token): string {
  if (token.kind === 'end') return 'the end of the template';
  if (token.kind === 'data') return 'text';
  return token.kind === 'string' ? `the string ${JSON.stringify(token.text)}` : `'${token.text}'`;
}
