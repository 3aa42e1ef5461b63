import type { Expression, MacroNode, Parameter, Statement, Target } from './ast.ts';
import type { Source } from './errors.ts';
import { tokenize } from './lexer.ts';
import { parseExpression, parseFilterChain, parsePostfix, parseTuple } from './parse-expression.ts';
import { describe, tokenStream } from './token-stream.ts';
import type { TokenStream } from './token-stream.ts';

/** A template, read and ready to run any number of times. */
export interface Template {
  readonly source: Source;
  readonly body: readonly Statement[];
}

/**
 * Reads a template.
 *
 * @throws `TEMPLATE_SYNTAX` with file, line, column and excerpt.
 */
export function parseTemplate(source: Source, range?: { readonly start: number; readonly end: number }): Template {
  const normal = normalized(source);
  const tokens = tokenStream(normal, tokenize(normal, range));
  return { source: normal, body: parseBody(tokens, []) };
}

/** A source with line breaks as Jinja reads them: offsets are offsets into this text. */
export function normalized(source: Source): Source {
  return source.text.includes('\r') ? { file: source.file, text: source.text.replace(/\r\n?/g, '\n') } : source;
}

/** Statements up to one of the blocks `ends`, whose name is left to be read; up to the end where there are none. */
function parseBody(tokens: TokenStream, ends: readonly string[]): Statement[] {
  const body: Statement[] = [];
  const start = tokens.peek(-1);
  for (;;) {
    const token = tokens.peek();
    if (token.kind === 'end') {
      if (ends.length === 0) return body;
      return tokens.fail(`This block is never closed: expected '${ends.join("' or '")}'`, start.at);
    }
    tokens.take();
    if (token.kind === 'data') body.push({ kind: 'text', at: token.at, text: token.text });
    else if (token.kind === 'print') {
      const value = parseTuple(tokens);
      if (tokens.peek().kind !== 'print end') tokens.fail(`Expected '}}', found ${describe(tokens.peek())}`);
      tokens.take();
      body.push({ kind: 'print', at: token.at, value });
    } else {
      const name = tokens.peek();
      if (name.kind === 'name' && ends.includes(name.text)) return body;
      body.push(parseBlock(tokens));
    }
  }
}

/** The body up to `{% <end> %}`, the end of its opening block included on both sides. */
function bodyUntil(tokens: TokenStream, end: string): Statement[] {
  close(tokens);
  const body = parseBody(tokens, [end]);
  tokens.take();
  close(tokens);
  return body;
}

function close(tokens: TokenStream): void {
  if (tokens.peek().kind !== 'block end') tokens.fail(`Expected '%}', found ${describe(tokens.peek())}`);
  tokens.take();
}

function parseBlock(tokens: TokenStream): Statement {
  const { text: name, at } = tokens.expect('name');
  switch (name) {
    case 'set':
      return parseSet(tokens, at);
    case 'if':
      return parseIf(tokens, at);
    case 'for':
      return parseFor(tokens, at);
    case 'macro':
      return parseMacro(tokens, at, 'endmacro');
    case 'test':
    case 'data_test':
      return parseMacro(tokens, at, `end${name}`);
    case 'call':
      return parseCallBlock(tokens, at);
    case 'do': {
      const value = parseTuple(tokens);
      close(tokens);
      return { kind: 'do', at, value };
    }
    case 'filter':
      return {
        kind: 'filter block',
        at,
        filters: parseFilterChain(tokens, true),
        body: bodyUntil(tokens, 'endfilter'),
      };
    case 'with':
      return parseWith(tokens, at);
    case 'break':
    case 'continue':
      close(tokens);
      return { kind: name, at };
    case 'materialization':
      return parseMaterialization(tokens, at);
    case 'snapshot':
    case 'docs':
      return tokens.fail(`A '${name}' block cannot stand inside of a model`, at);
    case 'include':
    case 'import':
    case 'from':
    case 'extends':
    case 'block':
      return tokens.fail(`dbt has no '${name}': macros are known everywhere by their names`, at);
    default:
      return tokens.fail(`Unknown block '${name}'`, at);
  }
}

function parseSet(tokens: TokenStream, at: number): Statement {
  const target = parseTarget(tokens, true);
  if (tokens.takes('=')) {
    const value = parseTuple(tokens);
    close(tokens);
    return { kind: 'set', at, target, value };
  }
  const filters = parseFilterChain(tokens);
  return { kind: 'set block', at, target, filters, body: bodyUntil(tokens, 'endset') };
}

function parseTarget(tokens: TokenStream, withAttributes: boolean): Target {
  const { at } = tokens.peek();
  const one = (): Target => {
    if (tokens.takes('(')) {
      const inner = parseTarget(tokens, withAttributes);
      tokens.expect('operator', ')');
      return inner;
    }
    const token = tokens.expect('name');
    if (withAttributes && tokens.takes('.')) {
      return { kind: 'attribute', at: token.at, object: token.text, name: tokens.expect('name').text };
    }
    return { kind: 'name', at: token.at, name: token.text };
  };
  const first = one();
  if (!tokens.sees(',')) return first;
  const items = [first];
  while (tokens.takes(',')) {
    if (tokens.seesName('in') || tokens.sees('=') || tokens.sees(')')) break;
    items.push(one());
  }
  return { kind: 'tuple', at, items };
}

function parseIf(tokens: TokenStream, at: number): Statement {
  const branches: { test: Expression; body: Statement[] }[] = [];
  let otherwise: Statement[] = [];
  let word = 'if';
  while (word !== 'endif') {
    if (word === 'else') {
      close(tokens);
      otherwise = parseBody(tokens, ['endif']);
    } else {
      const test = parseTuple(tokens, false);
      close(tokens);
      branches.push({ test, body: parseBody(tokens, ['elif', 'else', 'endif']) });
    }
    word = tokens.take().text;
  }
  close(tokens);
  return { kind: 'if', at, branches, otherwise };
}

function parseFor(tokens: TokenStream, at: number): Statement {
  const target = parseTarget(tokens, false);
  if (!tokens.seesName('in')) tokens.fail(`Expected 'in', found ${describe(tokens.peek())}`);
  tokens.take();
  const of = parseTuple(tokens, false);
  let only: Expression | undefined;
  if (tokens.seesName('if')) {
    tokens.take();
    only = parseExpression(tokens);
  }
  const isRecursive = tokens.seesName('recursive');
  if (isRecursive) tokens.take();
  close(tokens);
  const body = parseBody(tokens, ['else', 'endfor']);
  let otherwise: Statement[] = [];
  if (tokens.take().text === 'else') {
    close(tokens);
    otherwise = parseBody(tokens, ['endfor']);
    tokens.take();
  }
  close(tokens);
  return { kind: 'for', at, target, of, ...(only && { only }), isRecursive, body, otherwise };
}

function parseMacro(tokens: TokenStream, at: number, end: string): MacroNode {
  const { text } = tokens.expect('name');
  const parameters = parseParameters(tokens);
  const body = bodyUntil(tokens, end);
  const name = end === 'endmacro' ? text : `test_${text}`;
  return { kind: 'macro', at, name, parameters, body, reads: specialNames(body) };
}

/** `materialization view, adapter='duckdb'`: a macro without parameters, named after both. */
function parseMaterialization(tokens: TokenStream, at: number): MacroNode {
  const { text: name } = tokens.expect('name');
  let adapter = 'default';
  while (tokens.takes(',')) {
    const { text: key } = tokens.expect('name');
    if (key === 'default') continue;
    tokens.expect('operator', '=');
    const value = parseExpression(tokens);
    if (key === 'adapter' && value.kind === 'constant') adapter = String(value.value);
    else if (key !== 'supported_languages') tokens.fail(`A materialization takes no '${key}'`, at);
  }
  const body = bodyUntil(tokens, 'endmaterialization');
  return {
    kind: 'macro',
    at,
    name: `materialization_${name}_${adapter}`,
    parameters: [],
    body,
    reads: specialNames(body),
  };
}

function parseParameters(tokens: TokenStream): Parameter[] {
  const parameters: Parameter[] = [];
  tokens.expect('operator', '(');
  while (!tokens.takes(')')) {
    if (parameters.length > 0) {
      tokens.expect('operator', ',');
      if (tokens.takes(')')) break;
    }
    const { text: name } = tokens.expect('name');
    const fallback = tokens.takes('=') ? parseExpression(tokens) : undefined;
    parameters.push({ name, ...(fallback && { fallback }) });
  }
  return parameters;
}

function parseCallBlock(tokens: TokenStream, at: number): Statement {
  const parameters = tokens.sees('(') ? parseParameters(tokens) : [];
  const start = tokens.expect('name');
  const call = parsePostfix(tokens, { kind: 'name', at: start.at, name: start.text });
  if (call.kind !== 'call') return tokens.fail("'call' needs a call, as in '{% call macro() %}'", start.at);
  const body = bodyUntil(tokens, 'endcall');
  return {
    kind: 'call block',
    at,
    call,
    caller: { kind: 'macro', at, name: 'caller', parameters, body, reads: new Set() },
  };
}

function parseWith(tokens: TokenStream, at: number): Statement {
  const values: [Target, Expression][] = [];
  while (tokens.peek().kind !== 'block end') {
    if (values.length > 0) tokens.expect('operator', ',');
    const target = parseTarget(tokens, false);
    tokens.expect('operator', '=');
    values.push([target, parseExpression(tokens)]);
  }
  return { kind: 'with', at, values, body: bodyUntil(tokens, 'endwith') };
}

const SPECIAL = ['varargs', 'kwargs', 'caller'];

/** Which of the names that Jinja gives a macro are read anywhere in a tree. */
function specialNames(tree: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(tree)) for (const branch of tree) specialNames(branch, found);
  else if (typeof tree === 'object' && tree !== null) {
    if ('kind' in tree && tree.kind === 'name' && 'name' in tree && SPECIAL.includes(String(tree.name))) {
      found.add(String(tree.name));
    }
    for (const branch of Object.values(tree)) if (typeof branch === 'object') specialNames(branch, found);
  }
  return found;
}
