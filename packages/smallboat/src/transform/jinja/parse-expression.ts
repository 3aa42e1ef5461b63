import type { BinaryOperator, CallArguments, CompareOperator, Expression } from './ast.ts';
import { describe } from './token-stream.ts';
import type { TokenStream } from './token-stream.ts';

const NO_ARGUMENTS: CallArguments = { positional: [], named: [] };
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const CONSTANTS: Readonly<Record<string, boolean>> = { true: true, True: true, false: false, False: false };

/** An expression; precedence is Jinja's (`a + b ~ c * d` is `a + (b ~ (c * d))`). */
export function parseExpression(tokens: TokenStream, withConditional = true): Expression {
  if (!withConditional) return parseOr(tokens);
  const { at } = tokens.peek();
  let value = parseOr(tokens);
  while (tokens.seesName('if')) {
    tokens.take();
    const test = parseOr(tokens);
    let other: Expression | undefined;
    if (tokens.seesName('else')) {
      tokens.take();
      other = parseExpression(tokens);
    }
    value = { kind: 'either', at, test, chosen: value, ...(other && { other }) };
  }
  return value;
}

/** An expression, or several with commas between, which make a tuple. */
export function parseTuple(tokens: TokenStream, withConditional = true): Expression {
  const { at } = tokens.peek();
  const first = parseExpression(tokens, withConditional);
  if (!tokens.sees(',')) return first;
  const items = [first];
  while (tokens.takes(',')) {
    if (endsTuple(tokens)) break;
    items.push(parseExpression(tokens, withConditional));
  }
  return { kind: 'tuple', at, items };
}

function endsTuple(tokens: TokenStream): boolean {
  const { kind } = tokens.peek();
  return kind === 'block end' || kind === 'print end' || tokens.sees(')') || tokens.seesName('in');
}

function parseOr(tokens: TokenStream): Expression {
  let left = parseAnd(tokens);
  while (tokens.seesName('or')) {
    const { at } = tokens.take();
    left = { kind: 'or', at, left, right: parseAnd(tokens) };
  }
  return left;
}

function parseAnd(tokens: TokenStream): Expression {
  let left = parseNot(tokens);
  while (tokens.seesName('and')) {
    const { at } = tokens.take();
    left = { kind: 'and', at, left, right: parseNot(tokens) };
  }
  return left;
}

function parseNot(tokens: TokenStream): Expression {
  if (!tokens.seesName('not')) return parseCompare(tokens);
  const { at } = tokens.take();
  return { kind: 'not', at, of: parseNot(tokens) };
}

function parseCompare(tokens: TokenStream): Expression {
  const { at } = tokens.peek();
  const first = parseSum(tokens);
  const rest: [CompareOperator, Expression][] = [];
  for (;;) {
    const token = tokens.peek();
    if (token.kind === 'operator' && COMPARISONS.has(token.text)) {
      tokens.take();
      rest.push([token.text as CompareOperator, parseSum(tokens)]);
    } else if (tokens.seesName('in')) {
      tokens.take();
      rest.push(['in', parseSum(tokens)]);
    } else if (tokens.seesName('not') && tokens.peek(1).kind === 'name' && tokens.peek(1).text === 'in') {
      tokens.take();
      tokens.take();
      rest.push(['not in', parseSum(tokens)]);
    } else {
      return rest.length === 0 ? first : { kind: 'compare', at, first, rest };
    }
  }
}

function leftToRight(
  operators: readonly BinaryOperator[],
  operand: (tokens: TokenStream) => Expression,
): (tokens: TokenStream) => Expression {
  return (tokens) => {
    let left = operand(tokens);
    for (;;) {
      const operator = operators.find((candidate) => tokens.sees(candidate));
      if (operator === undefined) return left;
      const { at } = tokens.take();
      left = { kind: 'binary', at, operator, left, right: operand(tokens) };
    }
  };
}

const parsePower = leftToRight(['**'], (tokens) => parseUnary(tokens, true));
const parseProduct = leftToRight(['*', '/', '//', '%'], parsePower);
const parseConcat = leftToRight(['~'], parseProduct);
const parseSum = leftToRight(['+', '-'], parseConcat);

function parseUnary(tokens: TokenStream, withFilters: boolean): Expression {
  const { at } = tokens.peek();
  let value: Expression;
  if (tokens.takes('-')) value = { kind: 'negative', at, of: parseUnary(tokens, false) };
  else if (tokens.takes('+')) value = { kind: 'positive', at, of: parseUnary(tokens, false) };
  else value = parsePrimary(tokens);
  value = parsePostfix(tokens, value);
  return withFilters ? parseFilters(tokens, value) : value;
}

function parsePrimary(tokens: TokenStream): Expression {
  const { at, kind, text } = tokens.peek();
  if (kind === 'name') {
    tokens.take();
    const constant = CONSTANTS[text];
    if (constant !== undefined) return { kind: 'constant', at, value: constant };
    return text === 'none' || text === 'None' ? { kind: 'none', at } : { kind: 'name', at, name: text };
  }
  if (kind === 'string') {
    let value = '';
    while (tokens.peek().kind === 'string') value += tokens.take().text;
    return { kind: 'constant', at, value };
  }
  if (kind === 'int') {
    tokens.take();
    const exact = BigInt(text.replaceAll('_', ''));
    const value = Number(exact);
    return { kind: 'constant', at, value: Number.isSafeInteger(value) ? value : exact };
  }
  if (kind === 'float') {
    tokens.take();
    return { kind: 'float', at, value: Number(text.replaceAll('_', '')) };
  }
  return parseBracketed(tokens);
}

/** A tuple or an expression in brackets, a list, a dict. */
function parseBracketed(tokens: TokenStream): Expression {
  const token = tokens.peek();
  const { at } = token;
  if (tokens.takes('(')) {
    if (tokens.takes(')')) return { kind: 'tuple', at, items: [] };
    const value = parseTuple(tokens);
    tokens.expect('operator', ')');
    return value;
  }
  if (tokens.takes('[')) return { kind: 'list', at, items: parseItems(tokens, ']', parseExpression) };
  if (tokens.takes('{')) {
    const entries = parseItems(tokens, '}', (inner) => {
      const key = parseExpression(inner);
      inner.expect('operator', ':');
      return [key, parseExpression(inner)] as const;
    });
    return { kind: 'dict', at, entries };
  }
  return tokens.fail(`Expected an expression, found ${describe(token)}`);
}

function parseItems<T>(tokens: TokenStream, closing: string, one: (tokens: TokenStream) => T): T[] {
  const items: T[] = [];
  while (!tokens.takes(closing)) {
    if (items.length > 0) {
      tokens.expect('operator', ',');
      if (tokens.takes(closing)) break;
    }
    items.push(one(tokens));
  }
  return items;
}

/** Attributes, items and calls after a value. */
export function parsePostfix(tokens: TokenStream, value: Expression): Expression {
  let of = value;
  for (;;) {
    const { at } = tokens.peek();
    if (tokens.takes('.')) {
      const token = tokens.take();
      if (token.kind === 'name') of = { kind: 'attribute', at: token.at, of, name: token.text };
      else if (token.kind === 'int') {
        of = { kind: 'item', at: token.at, of, key: { kind: 'constant', at: token.at, value: Number(token.text) } };
      } else tokens.fail(`Expected a name after '.', found ${describe(token)}`, token.at);
    } else if (tokens.takes('[')) {
      of = parseSubscript(tokens, of, at);
    } else if (tokens.sees('(')) {
      of = { kind: 'call', at: of.at, of, given: parseArguments(tokens) };
    } else return of;
  }
}

function parseSubscript(tokens: TokenStream, of: Expression, at: number): Expression {
  const parts: (Expression | undefined)[] = [undefined];
  let isSlice = false;
  while (!tokens.takes(']')) {
    if (tokens.takes(':')) {
      isSlice = true;
      parts.push(undefined);
    } else {
      parts[parts.length - 1] = parseTuple(tokens);
    }
  }
  const [start, stop, step] = parts;
  if (isSlice) return { kind: 'slice', at, of, ...(start && { start }), ...(stop && { stop }), ...(step && { step }) };
  return start ? { kind: 'item', at, of, key: start } : tokens.fail('Expected a key between the brackets', at);
}

/** The arguments of a call, from `(` to `)`. */
export function parseArguments(tokens: TokenStream): CallArguments {
  tokens.expect('operator', '(');
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  let spread: Expression | undefined;
  let spreadNamed: Expression | undefined;
  parseItems(tokens, ')', () => {
    if (tokens.takes('**')) spreadNamed = parseExpression(tokens);
    else if (tokens.takes('*')) spread = parseExpression(tokens);
    else if (tokens.peek().kind === 'name' && tokens.peek(1).kind === 'operator' && tokens.peek(1).text === '=') {
      const { text } = tokens.take();
      tokens.take();
      named.push([text, parseExpression(tokens)]);
    } else {
      if (named.length > 0) tokens.fail('An argument without a name follows one with a name');
      positional.push(parseExpression(tokens));
    }
  });
  return { positional, named, ...(spread && { spread }), ...(spreadNamed && { spreadNamed }) };
}

/** Filters (`| name(…)`) and tests (`is name`) after a value. */
function parseFilters(tokens: TokenStream, value: Expression): Expression {
  let of = value;
  for (;;) {
    if (tokens.sees('|')) {
      for (const { name, given, at } of parseFilterChain(tokens)) of = { kind: 'filter', at, of, name, given };
    } else if (tokens.seesName('is')) of = parseTest(tokens, of);
    else if (tokens.sees('(')) of = { kind: 'call', at: of.at, of, given: parseArguments(tokens) };
    else return of;
  }
}

interface FilterCall {
  readonly name: string;
  readonly given: CallArguments;
  readonly at: number;
}

/** `| a | b(1)`; where `isFirstBare` the first filter stands without its bar, as in `{% filter upper %}`. */
export function parseFilterChain(tokens: TokenStream, isFirstBare = false): FilterCall[] {
  const chain: FilterCall[] = [];
  let goesOn = isFirstBare || tokens.takes('|');
  while (goesOn) {
    const token = tokens.expect('name');
    let name = token.text;
    while (tokens.takes('.')) name += `.${tokens.expect('name').text}`;
    chain.push({ name, at: token.at, given: tokens.sees('(') ? parseArguments(tokens) : NO_ARGUMENTS });
    goesOn = tokens.takes('|');
  }
  return chain;
}

const ENDS_TEST: ReadonlySet<string> = new Set(['else', 'or', 'and', 'is', 'if', 'not', 'in']);

function parseTest(tokens: TokenStream, of: Expression): Expression {
  const { at } = tokens.take();
  const isNegated = tokens.seesName('not');
  if (isNegated) tokens.take();
  const { text: name } = tokens.expect('name');
  let given = NO_ARGUMENTS;
  const next = tokens.peek();
  const startsValue =
    ['string', 'int', 'float'].includes(next.kind) ||
    (next.kind === 'name' && !ENDS_TEST.has(next.text)) ||
    tokens.sees('[') ||
    tokens.sees('{');
  if (tokens.sees('(')) given = parseArguments(tokens);
  else if (startsValue) given = { positional: [parsePostfix(tokens, parsePrimary(tokens))], named: [] };
  return { kind: 'test', at, of, name, given, isNegated };
}
