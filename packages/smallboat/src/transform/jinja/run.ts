import type { Expression, MacroNode, Statement, Target } from './ast.ts';
import { evaluate, evaluateArguments, evaluateCall, located } from './evaluate.ts';
import type { Frame } from './evaluate.ts';
import { filterOf } from './filters.ts';
import { loopOf } from './loop.ts';
import type { Template } from './parse.ts';
import { find, outermost, within } from './scope.ts';
import type { Arguments, Value } from './value.ts';
import { Dict, Fn, Namespace, PyError, Tuple, Undefined, isTrue, iterate, str } from './value.ts';

/** Thrown by `return(value)`; the macro that it stands in gives the value instead of its text. */
export class MacroReturn extends Error {
  readonly value: Value;
  constructor(value: Value) {
    super('return() was called outside of a macro');
    this.value = value;
  }
}

export interface RenderOptions {
  /** Values of names that the template does not set itself. */
  readonly globals: (name: string) => Value | undefined;
  /** Let uses of undefined names pass, as dbt does while it reads a project. Default false. */
  readonly isLenient?: boolean;
}

/** A frame with the text that is being written. */
interface Running extends Frame {
  readonly out: string[];
}

type Signal = 'break' | 'continue' | undefined;

/**
 * Runs a template and gives its text.
 *
 * @throws `TEMPLATE_FAILED` with file, line, column and excerpt of what failed.
 */
export async function render(template: Template, options: RenderOptions): Promise<string> {
  const running: Running = {
    source: template.source,
    scope: outermost(options.globals),
    isLenient: options.isLenient ?? false,
    out: [],
  };
  await runAll(template.body, running);
  return running.out.join('');
}

/** Which parts of a rendered text are the template's own: offset in the text, offset in the template, in their order. */
export type SourceMap = readonly { readonly at: number; readonly from: number }[];

/** Like `render`, and tells where in the template each part of the text is from. */
export async function renderMapped(
  template: Template,
  options: RenderOptions,
): Promise<{ readonly text: string; readonly map: SourceMap }> {
  const { source } = template;
  const running: Running = {
    source,
    scope: outermost(options.globals),
    isLenient: options.isLenient ?? false,
    out: [],
  };
  const map: { at: number; from: number }[] = [];
  let length = 0;
  for (const statement of template.body) {
    const before = running.out.length;
    map.push({ at: length, from: statement.at });
    if ((await runOne(statement, running)) !== undefined) break;
    for (let i = before; i < running.out.length; i += 1) length += running.out[i]?.length ?? 0;
  }
  return { text: running.out.join(''), map };
}

/** The value of the one expression that a template is, with its type; its text if it is anything more. */
export async function renderNative(template: Template, options: RenderOptions): Promise<Value> {
  const [only, ...rest] = template.body;
  if (only?.kind !== 'print' || rest.length > 0) return render(template, options);
  return evaluate(only.value, {
    source: template.source,
    scope: outermost(options.globals),
    isLenient: options.isLenient ?? false,
  });
}

async function runAll(statements: readonly Statement[], running: Running): Promise<Signal> {
  for (const statement of statements) {
    const signal = await runOne(statement, running);
    if (signal !== undefined) return signal;
  }
  return undefined;
}

async function runOne(node: Statement, running: Running): Promise<Signal> {
  const { scope, out, source } = running;
  switch (node.kind) {
    case 'text':
      out.push(node.text);
      return undefined;
    case 'print':
      out.push(str(await evaluate(node.value, running)));
      return undefined;
    case 'do':
      await evaluate(node.value, running);
      return undefined;
    case 'set':
      assign(node.target, await evaluate(node.value, running), running);
      return undefined;
    case 'set block':
      assign(node.target, await filtered(node, running), running);
      return undefined;
    case 'filter block':
      out.push(str(await filtered(node, running)));
      return undefined;
    case 'if':
      for (const { test, body } of node.branches)
        if (isTrue(await evaluate(test, running))) return runAll(body, running);
      return runAll(node.otherwise, running);
    case 'for':
      await runFor(node, await items(node.of, running), { running, depth: 1 });
      return undefined;
    case 'break':
    case 'continue':
      return node.kind;
    case 'with': {
      const inner = { ...running, scope: within(scope) };
      for (const [target, value] of node.values) assign(target, await evaluate(value, running), inner);
      return runAll(node.body, inner);
    }
    case 'call block': {
      if (node.call.kind !== 'call') return undefined;
      const caller = macro(node.caller, { source, scope, isLenient: running.isLenient });
      out.push(str(await evaluateCall(node.call, running, caller)));
      return undefined;
    }
    case 'macro':
      scope.values.set(node.name, macro(node, { source, scope, isLenient: running.isLenient }));
      return undefined;
    default:
      return node;
  }
}

async function items(node: Expression, running: Running): Promise<readonly Value[]> {
  const value = await evaluate(node, running);
  return located(running.source, node.at, () => iterate(value));
}

async function filtered(
  node: Extract<Statement, { kind: 'set block' | 'filter block' }>,
  running: Running,
): Promise<Value> {
  const inner: Running = { ...running, scope: within(running.scope), out: [] };
  await runAll(node.body, inner);
  let value: Value = inner.out.join('');
  for (const { name, given, at } of node.filters) {
    const values = await evaluateArguments(given, running);
    const before: Value = value;
    value = located<Value>(running.source, at, () => filterOf(name)(before, values));
  }
  return value;
}

interface Around {
  readonly running: Running;
  /** From 1: how many recursive loops this one is inside of. */
  readonly depth: number;
}

async function runFor(
  node: Extract<Statement, { kind: 'for' }>,
  all: readonly Value[],
  { running, depth }: Around,
): Promise<void> {
  const chosen: Value[] = [];
  for (const item of all) {
    if (node.only) {
      const scope = within(running.scope);
      assign(node.target, item, { ...running, scope });
      if (!isTrue(await evaluate(node.only, { ...running, scope }))) continue;
    }
    chosen.push(item);
  }
  if (chosen.length === 0) {
    await runAll(node.otherwise, { ...running, scope: within(running.scope) });
    return;
  }
  const again = async ({ positional }: Arguments): Promise<Value> => {
    const inner: Running = { ...running, out: [] };
    await runFor(node, iterate(positional[0] ?? []), { running: inner, depth: depth + 1 });
    return inner.out.join('');
  };
  const loop = loopOf(chosen, depth, node.isRecursive ? again : undefined);
  for (const [index, item] of chosen.entries()) {
    loop.goTo(index);
    const scope = within(running.scope);
    scope.values.set('loop', loop.value);
    assign(node.target, item, { ...running, scope });
    if ((await runAll(node.body, { ...running, scope })) === 'break') break;
  }
}

function assign(target: Target, value: Value, { source, scope }: Frame): void {
  switch (target.kind) {
    case 'name':
      scope.values.set(target.name, value);
      return;
    case 'attribute': {
      const object = find(scope, target.object);
      located(source, target.at, () => {
        if (!(object instanceof Namespace)) {
          throw new PyError(`cannot assign attribute '${target.name}' on non-namespace object '${target.object}'`);
        }
        object.put(target.name, value);
      });
      return;
    }
    case 'tuple': {
      const values = located(source, target.at, () => iterate(value));
      if (values.length !== target.items.length) {
        located(source, target.at, () => {
          throw new PyError(`expected ${target.items.length} values to unpack, got ${values.length}`);
        });
      }
      for (const [i, item] of target.items.entries())
        assign(item, values[i] ?? null, { source, scope, isLenient: false });
    }
  }
}

/** A macro as a function. `frame.scope` is where it was written: what is set there it sees. */
export function macro(node: MacroNode, frame: Frame): Fn {
  const name = node.name;
  return new Fn(
    name,
    async (given) => {
      const scope = within(frame.scope);
      const running: Running = { ...frame, scope, out: [] };
      await bind(node, given, running);
      try {
        await runAll(node.body, running);
      } catch (error) {
        if (error instanceof MacroReturn) return error.value;
        throw error;
      }
      return running.out.join('');
    },
    { name, arguments: new Tuple(node.parameters.map((parameter) => parameter.name)) },
  );
}

/** Gives the parameters their values: by place, by name, by default, in this order. */
async function bind(node: MacroNode, { positional, named }: Arguments, running: Running): Promise<void> {
  const { values } = running.scope;
  const left = new Map(named);
  const fail = (problem: string): never => {
    throw new PyError(`macro '${node.name}' ${problem}`);
  };
  for (const [i, { name, fallback }] of node.parameters.entries()) {
    const byPlace = positional[i];
    const value = byPlace === undefined ? left.get(name) : byPlace;
    if (byPlace !== undefined && left.has(name)) fail(`got multiple values for argument '${name}'`);
    left.delete(name);
    if (value !== undefined) values.set(name, value);
    else if (fallback) values.set(name, await evaluate(fallback, running));
    else values.set(name, new Undefined(`parameter '${name}' was not provided`, running.isLenient));
  }
  const more = positional.slice(node.parameters.length);
  const caller = left.get('caller');
  left.delete('caller');
  if (caller !== undefined) {
    if (!node.reads.has('caller'))
      fail('was invoked with two values for the special caller argument, but never calls caller()');
    values.set('caller', caller);
  } else if (node.reads.has('caller')) values.set('caller', new Undefined('No caller defined', running.isLenient));
  if (more.length > 0 && !node.reads.has('varargs')) {
    fail(`takes not more than ${node.parameters.length} argument(s), but was given ${positional.length}`);
  }
  const [unknown] = left.keys();
  if (unknown !== undefined && !node.reads.has('kwargs')) fail(`takes no keyword argument '${unknown}'`);
  values.set('varargs', new Tuple(more));
  values.set('kwargs', new Dict(left));
}
