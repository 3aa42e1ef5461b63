import { attributeOf, itemOf } from './access.ts';
import type { CallArguments, Expression } from './ast.ts';
import { SmallboatError } from '../../kernel/index.ts';
import type { Source } from './errors.ts';
import { jinjaErrors, placeOf } from './errors.ts';
import { filterOf } from './filters.ts';
import { binary, compare, slice } from './operators.ts';
import { predicateOf } from './predicates.ts';
import { find } from './scope.ts';
import type { Scope } from './scope.ts';
import type { Arguments, Value } from './value.ts';
import { Dict, Float, Fn, PyError, Tuple, Undefined, firstOf, isTrue, iterate, str, typeName } from './value.ts';

/** What an expression is evaluated in. */
export interface Frame {
  readonly source: Source;
  readonly scope: Scope;
  /** True while a project is read: what is not defined yet is let pass, as in dbt. */
  readonly isLenient: boolean;
}

/**
 * The value of an expression. Operands are evaluated from left to right; calls are awaited.
 *
 * @throws `TEMPLATE_FAILED` with the place of the innermost expression that failed.
 */
export async function evaluate(node: Expression, frame: Frame): Promise<Value> {
  switch (node.kind) {
    case 'none':
      return null;
    case 'constant':
      return node.value;
    case 'float':
      return new Float(node.value);
    case 'name':
      return (
        firstOf(find(frame.scope, node.name), new Undefined(`'${node.name}' is undefined`, frame.isLenient)) ?? null
      );
    case 'list':
      return evaluateAll(node.items, frame);
    case 'tuple':
      return new Tuple(await evaluateAll(node.items, frame));
    case 'dict':
      return evaluateDict(node.entries, frame);
    case 'either':
      if (isTrue(await evaluate(node.test, frame))) return evaluate(node.chosen, frame);
      return node.other
        ? evaluate(node.other, frame)
        : new Undefined('the inline if-expression has no else', frame.isLenient);
    case 'and': {
      const left = await evaluate(node.left, frame);
      return isTrue(left) ? evaluate(node.right, frame) : left;
    }
    case 'or': {
      const left = await evaluate(node.left, frame);
      return isTrue(left) ? left : evaluate(node.right, frame);
    }
    case 'not':
      return !isTrue(await evaluate(node.of, frame));
    case 'negative': {
      const value = await evaluate(node.of, frame);
      return located(frame.source, node.at, () =>
        value instanceof Float ? new Float(-value.number) : binary('-', 0, value),
      );
    }
    case 'positive':
      return evaluate(node.of, frame);
    case 'compare': {
      let left = await evaluate(node.first, frame);
      for (const [operator, expression] of node.rest) {
        const right = await evaluate(expression, frame);
        const [a, b] = [left, right];
        if (!located(frame.source, node.at, () => compare(operator, a, b))) return false;
        left = right;
      }
      return true;
    }
    case 'binary': {
      const left = await evaluate(node.left, frame);
      const right = await evaluate(node.right, frame);
      return located(frame.source, node.at, () => binary(node.operator, left, right));
    }
    case 'attribute': {
      const value = await evaluate(node.of, frame);
      return located(frame.source, node.at, () => attributeOf(value, node.name));
    }
    case 'item': {
      const value = await evaluate(node.of, frame);
      const key = await evaluate(node.key, frame);
      return located(frame.source, node.at, () => itemOf(value, key));
    }
    case 'slice': {
      const value = await evaluate(node.of, frame);
      const bounds = [
        node.start ? await evaluate(node.start, frame) : null,
        node.stop ? await evaluate(node.stop, frame) : null,
        node.step ? await evaluate(node.step, frame) : null,
      ] as const;
      return located(frame.source, node.at, () => slice(value, bounds));
    }
    case 'call':
      return evaluateCall(node, frame);
    case 'filter': {
      const value = await evaluate(node.of, frame);
      const given = await evaluateArguments(node.given, frame);
      return located(frame.source, node.at, () => filterOf(node.name)(value, given));
    }
    case 'test': {
      const value = await evaluate(node.of, frame);
      const given = await evaluateArguments(node.given, frame);
      return located(frame.source, node.at, () => predicateOf(node.name)(value, given.positional)) !== node.isNegated;
    }
    default:
      return node;
  }
}

async function evaluateAll(nodes: readonly Expression[], frame: Frame): Promise<Value[]> {
  const values: Value[] = [];
  for (const node of nodes) values.push(await evaluate(node, frame));
  return values;
}

async function evaluateDict(entries: readonly (readonly [Expression, Expression])[], frame: Frame): Promise<Dict> {
  const dict = new Dict();
  for (const [key, value] of entries) {
    const evaluated = await evaluate(key, frame);
    const item = await evaluate(value, frame);
    located(frame.source, key.at, () => dict.set(evaluated, item));
  }
  return dict;
}

/** The values of a call's arguments. */
export async function evaluateArguments(nodes: CallArguments, frame: Frame, extra?: Fn): Promise<Arguments> {
  const positional = await evaluateAll(nodes.positional, frame);
  const named = new Map<string, Value>();
  for (const [name, node] of nodes.named) named.set(name, await evaluate(node, frame));
  if (nodes.spread) positional.push(...iterate(await evaluate(nodes.spread, frame)));
  if (nodes.spreadNamed) {
    const more = await evaluate(nodes.spreadNamed, frame);
    if (more instanceof Dict) for (const [key, value] of more.entries()) named.set(str(key), value);
  }
  if (extra) named.set('caller', extra);
  return { positional, named };
}

/** Runs a call; `caller` is the body of a call block. */
export async function evaluateCall(
  node: Extract<Expression, { kind: 'call' }>,
  frame: Frame,
  caller?: Fn,
): Promise<Value> {
  const callee = await evaluate(node.of, frame);
  const given = await evaluateArguments(node.given, frame, caller);
  try {
    if (callee instanceof Fn) return await callee.call(given);
    if (callee instanceof Undefined) {
      if (callee.isLenient) return callee;
      throw new PyError(`${callee.problem}: no macro or function of that name is known here`);
    }
    throw new PyError(`'${typeName(callee)}' object is not callable`);
  } catch (error) {
    throw atPlace(frame.source, node.at, error);
  }
}

/** Runs `work`, and gives an error of it the place in the template. */
export function located<T>(source: Source, at: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw atPlace(source, at, error);
  }
}

function atPlace(source: Source, at: number, error: unknown): unknown {
  if (error instanceof PyError) {
    return jinjaErrors.TEMPLATE_FAILED(
      { ...placeOf(source, at), problem: error.message, calledFrom: [] },
      { cause: error },
    );
  }
  if (!jinjaErrors.TEMPLATE_FAILED.is(error)) return error;
  const { file, line } = placeOf(source, at);
  const calledFrom = [...error.facts.calledFrom, `${file}:${line}`];
  return error instanceof SmallboatError
    ? jinjaErrors.TEMPLATE_FAILED({ ...error.facts, calledFrom }, { cause: error.cause })
    : error;
}
