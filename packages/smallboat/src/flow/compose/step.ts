import type { TaskTemplate } from '../card/template.ts';
import type { StepContext } from '../context.ts';
import { type MaybePromise, type Source, isWhole } from '../definition.ts';
import type { Failure } from '../failure.ts';
import { checkStepName } from '../names.ts';
import { checkOptions } from '../check-options.ts';
import type { StepOptions } from '../options.ts';
import { quietContext } from '../quiet-context.ts';
import { type Site, callSite, describeSite } from '../site.ts';
import { declare } from './declared.ts';
import { type Drawing, checkReach, currentDrawing, sourcesOf, stepsBehind } from './drawing.ts';
import { wiringErrors } from './errors.ts';
import { type Either, type Outputs, type Ref, isRef, outputs, sourceOf } from './ref.ts';
import type { Storable } from './storable.ts';

/** The inputs of a step, each either known now or a reference to what an earlier step makes. */
export type Wired<I> = { readonly [K in keyof I]: I[K] | Ref<I[K]> };

export interface WireOptions {
  /** Steps to wait for although nothing of theirs is read. */
  readonly after?: readonly Ref<unknown>[];
}

const declaration: unique symbol = Symbol('declaration');

/** What wiring a step gives: what it makes or, where it has a `catch`, perhaps what that gives. */
type Made<R extends object, C extends object> = [C] extends [never] ? Outputs<R> : Either<R, C>;

/**
 * A step. Call it inside a flow to wire it; call `.run` to run its body now, as a test does; hand it to a run reader to
 * get back what it made.
 */
export interface Step<I, R extends object, C extends object = never> {
  /** Inputs by name; or all that another step made, as `deploy(select({ trials }))`, which loads all of it. */
  (inputs: Wired<I>, options?: WireOptions): Made<R, C>;
  readonly stepName: string;
  /** What it was declared with, for `wrap`. */
  readonly [declaration]: unknown;
  /** The same step under another name, to wire it twice in one flow. */
  as(name: string): Step<I, R, C>;
  /** The same step with other options: what is said here goes over what the step said. */
  with(options: StepOptions): Step<I, R, C>;
  /** Runs the body in this process, without an engine. What the context lacks is filled with what says nothing. */
  run(inputs: I, context?: Partial<StepContext>): Promise<R>;
}

export interface StepSpec<I, R extends object, C extends object> extends StepOptions {
  /** The body: inputs in, artifacts by name out. */
  readonly run: (inputs: I, context: StepContext) => MaybePromise<R & Storable<R>>;
  /** Gives artifacts in place of those of a task that failed for good, so that the flow goes on. */
  readonly catch?: (failure: Failure) => MaybePromise<C & Storable<C>>;
  /** Makes the step's own card of a task, in place of what the body puts on it: components, or a whole page. */
  readonly card?: TaskTemplate<I, R>;
}

/**
 * Declares a step: a name, what it needs, and its body. `I` is read from the annotation on the inputs of `run`.
 * Throws `NAME_INVALID`, `NAME_RESERVED`, `STEP_OPTION_INVALID`; when it is wired, the `wiringErrors`.
 */
export function step<I extends object, R extends object, C extends object = never>(
  name: string,
  spec: StepSpec<I, R, C>,
): Step<I, R, C> {
  const site = callSite();
  declare(name, site);
  return stepAt(name, spec, site);
}

function stepAt<I extends object, R extends object, C extends object>(
  name: string,
  spec: StepSpec<I, R, C>,
  site: Site | undefined,
): Step<I, R, C> {
  checkStepName(name);
  const { run, catch: fallback, card, ...options } = spec;
  checkOptions(name, options);
  const wire = (inputs: Wired<I>, { after = [] }: WireOptions = {}): Made<R, C> => {
    const into = currentDrawing(`Step '${name}'`, 'to run its body, call `.run()` on the step');
    const first = into.steps.find((s) => s.name === name);
    if (first) {
      const at = first.site ? { first: describeSite(first.site) } : {};
      throw wiringErrors.STEP_WIRED_TWICE({ step: name, flow: into.flow, ...at });
    }
    const spread = isRef(inputs) ? sourceOf(inputs) : undefined;
    if (spread && !isWhole(spread)) throw wiringErrors.INPUTS_INVALID({ step: name });
    const sources = spread
      ? {}
      : Object.fromEntries(
          Object.entries(inputs).map(([input, given]) => [input, inputSource(given, { step: name, input })]),
        );
    const waitFor = after.map(sourceOf);
    const read = [...Object.values(sources), ...(spread ? [spread] : []), ...waitFor];
    for (const from of read) checkReach(from, `Step '${name}'`, into);
    into.steps.push({
      name,
      scope: [...into.scope],
      after: [...new Set([...read, ...aroundOf(into)].flatMap((from) => stepsBehind(from, into)))],
      inputs: sources,
      ...(spread ? { spread } : {}),
      waitFor,
      options,
      run,
      ...(fallback ? { fallback } : {}),
      ...(card ? { card } : {}),
      ...(site ? { site } : {}),
    });
    return outputs({ kind: 'output', step: name }) as Made<R, C>; // What the body makes.
  };
  return Object.assign(wire, {
    stepName: name,
    as: (other: string) => stepAt(other, spec, site),
    with: (more: StepOptions) => stepAt(name, { ...spec, ...more }, site),
    [declaration]: { spec, site },
    run: async (inputs: I, context: Partial<StepContext> = {}): Promise<R> =>
      run(inputs, { ...quietContext(name), ...context }),
  });
}

/** What stands around a body: it gets the body as a function of the inputs, and gives what the step makes. */
export type Around<I, R> = (body: (inputs: I) => Promise<R>, inputs: I, context: StepContext) => MaybePromise<R>;

/**
 * A step with something around its body: before it, after it, when it throws, or in its place where `body` is not called.
 *
 *     const timed = wrap(train, async (body, inputs, { log }) => {
 *       const began = performance.now();
 *       const made = await body(inputs);
 *       log('took', { ms: performance.now() - began });
 *       return made;
 *     });
 */
export function wrap<I extends object, R extends object, C extends object = never>(
  inner: Step<I, R, C>,
  around: Around<I, R>,
): Step<I, R, C> {
  const { spec, site } = inner[declaration] as { readonly spec: StepSpec<I, R, C>; readonly site: Site | undefined }; // As `stepAt` keeps it.
  const run: StepSpec<I, R, C>['run'] = (inputs, context) =>
    around(async (given) => spec.run(given, context), inputs, context) as MaybePromise<R & Storable<R>>; // As the step's own.
  return stepAt(inner.stepName, { ...spec, run }, site);
}

/** A task inside a region cannot exist before what the region hangs on. */
function aroundOf(into: Drawing): Source[] {
  const around = into.regions.filter((region) => into.scope.some((place) => place.region === region.id));
  return around.flatMap(sourcesOf);
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
