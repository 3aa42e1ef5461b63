/**
 * Steps are typed functions, and a flow is an ordinary function that wires them.
 *
 * The wiring runs once, when the module is imported, on references instead of values, as `describe` collects tests
 * before any test runs. It draws the graph and runs no step body.
 */
import type * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';
import type { Dag, ForeachNode, MaybePromise, Source, StepContext, StepNode, StepOptions } from './definition.ts';
import { checkFlowName, checkParamName, checkStepName } from './names.ts';

/** Raised while a flow is being defined, when its module is imported. */
export const wiringErrors = defineErrors({
  WIRED_OUTSIDE_FLOW: (f: { what: string; hint: string }) => `${f.what} was called outside a flow; ${f.hint}.`,
  FLOW_IN_FLOW: (f: { flow: string; outer: string }) =>
    `Flow '${f.flow}' is defined inside flow '${f.outer}'. Define it beside it, and share steps instead.`,
  STEP_WIRED_TWICE: (f: { step: string; flow: string }) =>
    `Step '${f.step}' is wired twice in flow '${f.flow}'; give one of them a name: step.as('${f.step}_2').`,
  STEP_OPTION_INVALID: (f: { step: string; option: string; value: unknown; wanted: string }) =>
    `Step '${f.step}' has ${f.option} ${String(f.value)}; it must be ${f.wanted}.`,
  REF_USED_AS_VALUE: () =>
    'A reference has no value while a flow is being wired; hand it to a step and read it inside the step.',
  REF_NESTED: (f: { step: string; input: string }) =>
    `Input '${f.input}' of step '${f.step}' has a reference inside an object or a list. Hand each reference over as an input of its own.`,
  REF_OUT_OF_EACH: (f: { user: string; from: string }) =>
    `${f.user} reads ${f.from}, which is made once for each element inside an each(). Return it from that each() and read the list it gives.`,
  REF_OF_ANOTHER_FLOW: (f: { user: string; from: string }) =>
    `${f.user} reads ${f.from}, which is not wired in this flow. Call that step inside this flow's wiring first.`,
  EACH_RESULT_INVALID: (f: { each: string }) =>
    `each() over '${f.each}' must return the outputs of a step that is wired inside it.`,
  EACH_NOT_A_LIST: (f: { found: string }) => `each() was given ${f.found}. Give it a list, or a reference to one.`,
  WIRING_RESULT_INVALID: (f: { flow: string; found: string }) =>
    `The wiring of flow '${f.flow}' returned ${f.found}. It must return a reference (the outputs of its last step, say), and must not be async.`,
});

/** From the registry of symbols, so that two copies of this package know each other's flows. */
const source: unique symbol = Symbol.for('smallboat.source');
const flowMark: unique symbol = Symbol.for('smallboat.flow');
declare const value: unique symbol;

/** A value that will exist when the flow runs: a parameter, an artifact, or an element of a list. */
export interface Ref<out T> {
  readonly [source]: Source;
  /** Exists only as a type: it keeps a `Ref<Dataset>` from passing for a `Ref<Quality>`. */
  readonly [value]: T;
}

/** What wiring a step gives: its result, and each artifact of it by name. */
export type Outputs<R extends object> = Ref<R> & { readonly [K in keyof R]: Ref<R[K]> };

/** The inputs of a step, each either known now or a reference to what an earlier step makes. */
export type Wired<I> = { readonly [K in keyof I]: I[K] | Ref<I[K]> };

export interface WireOptions {
  /** Steps to wait for although nothing of theirs is read. */
  readonly after?: readonly Ref<unknown>[];
}

/**
 * A step. Call it inside a flow to wire it; call `.run` to run its body now, as a test does; hand it to a run reader to
 * get back what it made.
 */
export interface Step<I, R extends object> {
  (inputs: Wired<I>, options?: WireOptions): Outputs<R>;
  readonly stepName: string;
  /** The same step under another name, to wire it twice in one flow. */
  as(name: string): Step<I, R>;
  /** Runs the body in this process, without an engine. What the context lacks is filled with what says nothing. */
  run(inputs: I, context?: Partial<StepContext>): Promise<R>;
}

/** What no store can keep. */
type Unstorable = ((...args: never) => unknown) | symbol | PromiseLike<unknown>;

/** `R`, if all of it can be stored; else the message that the compiler shows at the culprit. */
type Storable<R> = {
  readonly [K in keyof R]: R[K] extends Unstorable
    ? `Artifact '${K & string}' cannot be stored: it is a function, a symbol or a promise.`
    : R[K];
};

export interface StepSpec<I, R> extends StepOptions {
  /** The body: inputs in, artifacts by name out. */
  readonly run: (inputs: I, context: StepContext) => MaybePromise<R & Storable<R>>;
}

interface Drawing {
  readonly flow: string;
  readonly params: readonly string[];
  readonly steps: StepNode[];
  readonly foreach: ForeachNode[];
  readonly scope: string[];
}

/** The flow being defined; set only while its wiring runs, which is synchronous. */
let drawing: Drawing | undefined;

/**
 * Declares a step: a name, what it needs, and its body. `I` is read from the annotation on the inputs of `run`.
 * Throws `NAME_INVALID`, `NAME_RESERVED`, `STEP_OPTION_INVALID`; when it is wired, the `wiringErrors`.
 */
export function step<I extends object, R extends object>(name: string, spec: StepSpec<I, R>): Step<I, R> {
  checkStepName(name);
  const { run, ...options } = spec;
  checkOptions(name, options);
  const wire = (inputs: Wired<I>, { after = [] }: WireOptions = {}): Outputs<R> => {
    const into = currentDrawing(`Step '${name}'`, 'to run its body, call `.run()` on the step');
    if (into.steps.some((s) => s.name === name)) throw wiringErrors.STEP_WIRED_TWICE({ step: name, flow: into.flow });
    const sources = Object.fromEntries(
      Object.entries(inputs).map(([input, given]) => [input, inputSource(given, { step: name, input })]),
    );
    const waitFor = after.map(sourceOf);
    const read = [...Object.values(sources), ...waitFor];
    for (const from of read) checkReach(from, `Step '${name}'`, into);
    // Inside a region a task cannot exist before the list that it is one of.
    const lists = into.foreach.filter((f) => into.scope.includes(f.id)).map((f) => f.over);
    const before = [...read, ...lists].flatMap((from) => stepsBehind(from, into));
    into.steps.push({
      name,
      scope: [...into.scope],
      after: [...new Set(before)],
      inputs: sources,
      waitFor,
      options,
      run,
    });
    return outputsOf<R>({ kind: 'output', step: name });
  };
  return Object.assign(wire, {
    stepName: name,
    as: (other: string) => step(other, spec),
    run: async (inputs: I, context: Partial<StepContext> = {}): Promise<R> =>
      run(inputs, { ...quietContext(name), ...context }),
  });
}

/** Wires `body` once for each element of `list`; the result is the list of what each run made, in the list's order. */
export function each<T, R extends object>(
  list: Ref<readonly T[]> | readonly T[],
  body: (item: Ref<T>) => Outputs<R>,
): Ref<readonly R[]> {
  const into = currentDrawing('each()', 'it fans out steps of a flow');
  const over = sourceOf(list);
  if (over.kind === 'const' && !Array.isArray(over.value)) {
    throw wiringErrors.EACH_NOT_A_LIST({ found: kindOf(over.value) });
  }
  checkReach(over, 'each()', into);
  const id = freshId(over, into);
  into.foreach.push({ id, over, scope: [...into.scope] });
  into.scope.push(id);
  try {
    const last = sourceOf(body(ref<T>({ kind: 'item', foreach: id })));
    const made = last.kind === 'output' ? into.steps.find((s) => s.name === last.step) : undefined;
    if (last.kind !== 'output' || last.key !== undefined || made?.scope.at(-1) !== id) {
      throw wiringErrors.EACH_RESULT_INVALID({ each: id });
    }
    return ref({ kind: 'gather', foreach: id, step: last.step });
  } finally {
    into.scope.pop();
  }
}

/** Parameters of a flow by name, each with the zod schema that checks it, gives its default and describes it. */
export type Params = Readonly<Record<string, z.ZodType>>;
export type ParamValues<P extends Params> = { readonly [K in keyof P]: z.infer<P[K]> };
/** Parameters as the caller gives them, before defaults and conversions. */
export type ParamInputs<P extends Params> = { readonly [K in keyof P]?: z.input<P[K]> };
type ParamRefs<P extends Params> = { readonly [K in keyof P]: Ref<z.infer<P[K]>> };

/** A flow that takes the parameters `P` and gives `R`. */
export interface Flow<P extends Params = Params, R = unknown> {
  readonly [flowMark]: true;
  readonly name: string;
  readonly params: P;
  /** Where the flow's result comes from. */
  readonly result: Source;
  /** The definition as data. No body has run. */
  dag(): Dag;
  /** Exists only as a type. */
  readonly [value]?: R;
}

/**
 * Defines a flow: its name, its parameters, which become flags of the command line, and its wiring.
 * Throws `wiringErrors` and `nameErrors`, so that importing the module fails where the flow is wrong.
 */
export function flow<P extends Params, R>(
  name: string,
  params: P,
  wiring: (params: ParamRefs<P>) => Ref<R>,
): Flow<P, R> {
  checkFlowName(name);
  for (const param of Object.keys(params)) checkParamName(param);
  if (drawing) throw wiringErrors.FLOW_IN_FLOW({ flow: name, outer: drawing.flow });
  const drawn: Drawing = { flow: name, params: Object.keys(params), steps: [], foreach: [], scope: [] };
  drawing = drawn;
  try {
    const refs = Object.fromEntries(Object.keys(params).map((key) => [key, ref({ kind: 'param', name: key })]));
    const returned: unknown = wiring(refs as ParamRefs<P>); // Made one a parameter, which the type cannot know.
    const result = sourceOf(returned);
    if (result.kind === 'const') throw wiringErrors.WIRING_RESULT_INVALID({ flow: name, found: kindOf(returned) });
    checkReach(result, `The result of flow '${name}'`, drawn);
    const dag: Dag = { flow: name, steps: drawn.steps, foreach: drawn.foreach };
    return { [flowMark]: true, name, params, result, dag: () => dag };
  } finally {
    drawing = undefined;
  }
}

/** Whether something that a module exports is a flow. */
export function isFlow(exported: unknown): exported is Flow {
  return typeof exported === 'object' && exported !== null && flowMark in exported;
}

function currentDrawing(what: string, hint: string): Drawing {
  if (!drawing) throw wiringErrors.WIRED_OUTSIDE_FLOW({ what, hint });
  return drawing;
}

function checkOptions(step: string, { retry, timeoutSeconds }: StepOptions): void {
  const fail = (option: string, value: unknown, wanted: string): never => {
    throw wiringErrors.STEP_OPTION_INVALID({ step, option, value, wanted });
  };
  if (retry && !(Number.isInteger(retry.times) && retry.times >= 0)) {
    fail('retry.times', retry.times, 'a whole number, at least 0');
  }
  if (retry?.backoffSeconds !== undefined && !(retry.backoffSeconds >= 0)) {
    fail('retry.backoffSeconds', retry.backoffSeconds, 'a number of seconds, at least 0');
  }
  if (timeoutSeconds !== undefined && !(timeoutSeconds > 0)) {
    fail('timeoutSeconds', timeoutSeconds, 'a number of seconds above 0');
  }
}

/** A reference may be read where every list around its maker is also around its reader. */
function checkReach(from: Source, user: string, into: Drawing): void {
  const within = (scope: readonly string[]): boolean => scope.every((id, i) => into.scope[i] === id);
  const fail = (kind: 'REF_OUT_OF_EACH' | 'REF_OF_ANOTHER_FLOW', what: string): never => {
    throw wiringErrors[kind]({ user, from: what });
  };
  switch (from.kind) {
    case 'const':
      return;
    case 'param':
      if (!into.params.includes(from.name)) fail('REF_OF_ANOTHER_FLOW', `parameter '${from.name}'`);
      return;
    case 'item':
      if (!into.scope.includes(from.foreach)) fail('REF_OUT_OF_EACH', `an element of '${from.foreach}'`);
      return;
    case 'output': {
      const made = into.steps.find((s) => s.name === from.step);
      if (!made) return fail('REF_OF_ANOTHER_FLOW', `step '${from.step}'`);
      if (!within(made.scope)) fail('REF_OUT_OF_EACH', `step '${from.step}'`);
      return;
    }
    case 'gather': {
      const region = into.foreach.find((f) => f.id === from.foreach);
      if (!region) return fail('REF_OF_ANOTHER_FLOW', `each() over '${from.foreach}'`);
      if (!within(region.scope)) fail('REF_OUT_OF_EACH', `each() over '${from.foreach}'`);
      return;
    }
  }
}

function stepsBehind(from: Source, into: Drawing): string[] {
  if (from.kind === 'output' || from.kind === 'gather') return [from.step];
  if (from.kind !== 'item') return [];
  const region = into.foreach.find((f) => f.id === from.foreach);
  return region ? stepsBehind(region.over, into) : [];
}

/** Named after the list, and numbered where a list is gone through twice: the same at every import. */
function freshId(over: Source, into: Drawing): string {
  const base =
    over.kind === 'output'
      ? `${over.step}.${over.key ?? '*'}`
      : over.kind === 'param'
        ? over.name
        : over.kind === 'item'
          ? `${over.foreach}.*`
          : over.kind === 'gather'
            ? `${over.step}.*`
            : 'list';
  const taken = into.foreach.filter((f) => f.id === base || f.id.startsWith(`${base}#`)).length;
  return taken === 0 ? base : `${base}#${taken + 1}`;
}

function isRef(input: unknown): input is Ref<unknown> {
  return typeof input === 'object' && input !== null && source in input;
}

function sourceOf(input: unknown): Source {
  return isRef(input) ? input[source] : { kind: 'const', value: input };
}

function inputSource(given: unknown, at: { readonly step: string; readonly input: string }): Source {
  if (!isRef(given) && hasRefInside(given)) throw wiringErrors.REF_NESTED(at);
  return sourceOf(given);
}

function hasRefInside(given: unknown): boolean {
  if (isRef(given)) return true;
  if (Array.isArray(given)) return given.some(hasRefInside);
  if (typeof given !== 'object' || given === null || Object.getPrototypeOf(given) !== Object.prototype) return false;
  return Object.values(given).some(hasRefInside);
}

function kindOf(found: unknown): string {
  if (found instanceof Promise) return 'a promise';
  if (found === undefined) return 'nothing';
  return Array.isArray(found) ? 'a list' : found === null ? 'null' : `a value of type ${typeof found}`;
}

function ref<T>(from: Source): Ref<T> {
  const refuse = (): never => {
    throw wiringErrors.REF_USED_AS_VALUE(undefined);
  };
  // `${ref}`, `ref + 1` and JSON.stringify(ref) would otherwise put nonsense into a flow without a word.
  const made = { [source]: from, [Symbol.toPrimitive]: refuse, toJSON: refuse };
  Object.defineProperty(made, 'toJSON', { enumerable: false });
  return made as unknown as Ref<T>; // `value` is a type only.
}

/** Artifact names exist only as types, so the reference to each is made when it is first read. */
function outputsOf<R extends object>(from: Source & { readonly kind: 'output' }): Outputs<R> {
  return new Proxy(ref<R>(from), {
    get: (target, key) =>
      typeof key === 'symbol' || key === 'toJSON' ? Reflect.get(target, key) : ref({ ...from, key }),
  }) as Outputs<R>; // What is read of it is made on demand.
}

function quietContext(step: string): StepContext {
  return {
    runId: 'none',
    step,
    attempt: 0,
    signal: new AbortController().signal,
    log: () => undefined,
    progress: () => undefined,
    card: () => undefined,
  };
}
