import type * as z from 'zod';
import type { FlowAbout } from '../about.ts';
import type { RunTemplate } from '../card/run-card.ts';
import type { Dag, MaybePromise, Source } from '../definition.ts';
import type { Failure } from '../failure.ts';
import type { FileParam } from '../file-param.ts';
import { checkFlowName, checkParamName } from '../names.ts';
import type { CodeOptions, Schedule, StepOptions, Trigger } from '../options.ts';
import { checkOptions } from '../check-options.ts';
import { type Site, callSite } from '../site.ts';
import { type Drawing, checkReach, draw } from './drawing.ts';
import { wiringErrors } from './errors.ts';
import { type Ref, kindOf, ref, sourceOf } from './ref.ts';

/** From the registry of symbols, so that two copies of this package know each other's flows. */
const flowMark: unique symbol = Symbol.for('smallboat.flow');
declare const gives: unique symbol;

/** Parameters of a flow by name, each with the zod schema that checks it, gives its default and describes it, or a `file(…)`. */
export type Params = Readonly<Record<string, z.ZodType | FileParam<unknown>>>;
type ParamValue<S> = S extends FileParam<infer T> ? T : S extends z.ZodType ? z.infer<S> : never;
export type ParamValues<P extends Params> = { readonly [K in keyof P]: ParamValue<P[K]> };
/** Parameters as the caller gives them, before defaults and conversions; a file by its path. */
export type ParamInputs<P extends Params> = {
  readonly [K in keyof P]?: P[K] extends FileParam<unknown> ? string : P[K] extends z.ZodType ? z.input<P[K]> : unknown;
};
type ParamRefs<P extends Params> = { readonly [K in keyof P]: Ref<ParamValue<P[K]>> };

/** What an exit hook is told. */
export interface RunOutcome {
  readonly flow: string;
  readonly run: string;
  readonly state: 'done' | 'failed';
  /** What failed, where something did. */
  readonly message?: string;
}

/** What may be said of a flow beside its wiring. */
export interface FlowOptions extends FlowAbout {
  /** Makes the run's own card when a run has ended, in place of the default one: `smallboat card` shows it. */
  readonly card?: RunTemplate;
  /** What goes into the code package of steps that run elsewhere, beside what the imports tell. */
  readonly code?: CodeOptions;
  /** When it is run where it is deployed to an engine. Here nothing is run by itself. */
  readonly schedule?: Schedule;
  /** What starts it where it is deployed to an engine, beside its schedule. */
  readonly trigger?: Trigger;
  /** Deployments of a project are kept apart by branch: `shop.user.ada.Intent`, `shop.prod.Intent`. Letters, digits and `_`. */
  readonly project?: string;
  /** Called when a run has ended well, by the process that scheduled it. What goes wrong in it is told, and changes nothing. */
  readonly onSuccess?: (outcome: RunOutcome) => MaybePromise<void>;
  /** The same when a run has failed. */
  readonly onFailure?: (outcome: RunOutcome) => MaybePromise<void>;
}

/** What `flow.with` may change of a step. */
export interface StepChange extends StepOptions {
  /** Gives artifacts in place of those of a task that failed for good. Types know nothing of it: what it leaves out is undefined. */
  readonly catch?: (failure: Failure) => object;
}

/** What `flow.with` is told of a step. */
export interface ChangeableStep {
  readonly name: string;
  readonly options: StepOptions;
  readonly isCatching: boolean;
}

/** A flow that takes the parameters `P` and gives `R`. */
export interface Flow<P extends Params = Params, R = unknown> {
  readonly [flowMark]: true;
  readonly name: string;
  readonly params: P;
  readonly options: FlowOptions;
  /** Where the flow is defined. */
  readonly site?: Site;
  /** Where the flow's result comes from. */
  readonly result: Source;
  /** The definition as data. No body has run. */
  dag(this: void): Dag;
  /** The same flow with other options of its steps: the same for all, or by what a step has. What is given goes over what the step says. */
  with(change: StepChange | ((step: ChangeableStep) => StepChange)): Flow<P, R>;
  /** Exists only as a type. */
  readonly [gives]?: R;
}

/**
 * Defines a flow: its name, its parameters, which become flags of the command line, and its wiring.
 * Throws `wiringErrors` and `nameErrors`, so that importing the module fails where the flow is wrong.
 */
export function flow<P extends Params, R>(
  name: string,
  params: P,
  wiring: (params: ParamRefs<P>) => Ref<R>,
  options: FlowOptions = {},
): Flow<P, R> {
  checkFlowName(name);
  for (const param of Object.keys(params)) checkParamName(param);
  const drawn: Drawing = { flow: name, params: Object.keys(params), steps: [], regions: [], scope: [] };
  const refs = Object.fromEntries(Object.keys(params).map((key) => [key, ref({ kind: 'param', name: key })]));
  const result = draw(drawn, () => {
    const returned: unknown = wiring(refs as ParamRefs<P>); // Made one a parameter, which the type cannot know.
    const from = sourceOf(returned);
    if (from.kind === 'const') throw wiringErrors.WIRING_RESULT_INVALID({ flow: name, found: kindOf(returned) });
    checkReach(from, `The result of flow '${name}'`, drawn);
    return from;
  });
  const dag: Dag = { flow: name, steps: drawn.steps, regions: drawn.regions };
  const site = callSite();
  return flowOf({ name, params, options, result, ...(site ? { site } : {}) }, dag);
}

function flowOf<P extends Params, R>(
  facts: Pick<Flow<P, R>, 'name' | 'params' | 'options' | 'result' | 'site'>,
  dag: Dag,
): Flow<P, R> {
  return {
    [flowMark]: true,
    ...facts,
    dag: () => dag,
    with(change) {
      const steps = dag.steps.map((node) => {
        const { name, options, fallback } = node;
        const asked =
          typeof change === 'function' ? change({ name, options, isCatching: fallback !== undefined }) : change;
        const { catch: given, ...more } = asked;
        checkOptions(name, more);
        return { ...node, options: { ...options, ...more }, ...(given ? { fallback: given } : {}) };
      });
      return flowOf(facts, { ...dag, steps });
    },
  };
}

/** Whether something that a module exports is a flow. */
export function isFlow(exported: unknown): exported is Flow {
  return typeof exported === 'object' && exported !== null && flowMark in exported;
}
