import type { TaskTemplate } from './card/template.ts';
import type { StepContext } from './context.ts';
import type { Site } from './site.ts';
import type { StepOptions } from './options.ts';
import type { Failure } from './failure.ts';

/** Where a value of the flow comes from. */
export type Source =
  | { readonly kind: 'const'; readonly value: unknown }
  | { readonly kind: 'param'; readonly name: string }
  /** One artifact of a step, or all of them as an object. */
  | { readonly kind: 'output'; readonly step: string; readonly key?: string }
  /** The element that an `each` is at. */
  | { readonly kind: 'item'; readonly each: string }
  /** What an `each` made of every element, as a list in the list's order. */
  | { readonly kind: 'gather'; readonly each: string; readonly of: Source }
  /** What the case of a choice that was taken made; undefined where none was, or where it has no such artifact. */
  | { readonly kind: 'chosen'; readonly choice: string; readonly of: Readonly<Record<string, Source>> }
  /** Inside a `repeat`: what it was started with, then what the iteration before made; one value of it, or all. */
  | { readonly kind: 'state'; readonly repeat: string; readonly key?: string }
  /** What the last iteration of a `repeat` made. */
  | { readonly kind: 'last'; readonly repeat: string; readonly of: Source }
  /** The artifacts of several, which must agree where they share a name. */
  | {
      readonly kind: 'merge';
      readonly parts: readonly Source[];
      /** One artifact of them; without it all of them as an object. */
      readonly key?: string;
      readonly include?: readonly string[];
      readonly exclude?: readonly string[];
    };

/** A place in a region: for a choice, in one of its cases. */
export interface Place {
  readonly region: string;
  readonly case?: string;
}

/** A part of the flow that is run several times, or perhaps not at all. `scope`: the regions around it, outermost first. */
export type Region =
  /** Run once for each element of a list, side by side. */
  | {
      readonly kind: 'each';
      readonly id: string;
      readonly scope: readonly Place[];
      readonly over: Source;
      /** `over` is a number: one step runs as that many tasks, all at the same time. */
      readonly isGang?: true;
    }
  /** One of its cases is run: the one that the value names, else `otherwise`, where there is one. */
  | {
      readonly kind: 'choice';
      readonly id: string;
      readonly scope: readonly Place[];
      /** A yes or no for the cases `yes` and `otherwise` of a condition, else a text that names the case. */
      readonly on: Source;
      readonly isCondition: boolean;
      /** Without `otherwise`. */
      readonly cases: readonly string[];
      readonly hasOtherwise: boolean;
    }
  /** Run again and again, one after the other, while `again` is true. */
  | {
      readonly kind: 'repeat';
      readonly id: string;
      readonly scope: readonly Place[];
      readonly initial: Readonly<Record<string, Source>>;
      /** All that a step made, to start with, in place of values by name. */
      readonly start?: Source;
      readonly result: Source;
      readonly again: Source;
      readonly atMost: number;
    };

/** One step of a flow, wired. */
export interface StepNode {
  readonly name: string;
  /** The regions that the step is inside, outermost first. */
  readonly scope: readonly Place[];
  /** Names of the steps that must have finished before this one starts. */
  readonly after: readonly string[];
  readonly inputs: Readonly<Record<string, Source>>;
  /** All that a step made, handed on as inputs of the same names. */
  readonly spread?: Source;
  /** What is waited for although nothing of it is read. */
  readonly waitFor: readonly Source[];
  readonly options: StepOptions;
  readonly run: (inputs: never, context: StepContext) => unknown;
  /** Gives the artifacts of a step that failed for good. */
  readonly fallback?: (failure: Failure) => unknown;
  /** Makes the step's own card of a task. */
  readonly card?: TaskTemplate;
  /** Where the step is declared. */
  readonly site?: Site;
}

/** A flow as data: known as soon as the module is imported, before any body has run. Steps are in a topological order. */
export interface Dag {
  readonly flow: string;
  readonly steps: readonly StepNode[];
  /** A region comes after the regions that it is inside. */
  readonly regions: readonly Region[];
}

/** A promise or a plain value: step bodies may give either. */
export type MaybePromise<T> = T | Promise<T>;

/** The case that a condition takes where it holds. */
export const YES = 'yes';
/** The case of a choice for all that has none. */
export const OTHERWISE = 'otherwise';

/** Places that a task of a step has a number for: those in an `each` and in a `repeat`. */
export function numbered(scope: readonly Place[]): readonly Place[] {
  return scope.filter((place) => place.case === undefined);
}

/** One line a step: `train[grid.points] <- gate, grid  gpu=1 retry=2`. */
export function describeDag(dag: Dag): string {
  return dag.steps
    .map(({ name, scope, after, options }) => {
      const places = scope.map((place) => (place.case === undefined ? place.region : `${place.region}=${place.case}`));
      const where = places.length > 0 ? `[${places.join('/')}]` : '';
      const gpu = options.resources?.gpu;
      const notes = [gpu ? ` gpu=${gpu}` : '', options.retry ? ` retry=${options.retry.times}` : ''].join('');
      return `${name}${where} <- ${after.join(', ') || '(start)'}${notes}`;
    })
    .join('\n');
}

/** Whether a source is all that a step made, and not one artifact or another value. */
export function isWhole(from: Source): boolean {
  switch (from.kind) {
    case 'output':
    case 'merge':
    case 'state':
      return from.key === undefined;
    case 'gather':
    case 'last':
      return isWhole(from.of);
    case 'chosen':
      return Object.values(from.of).every(isWhole);
    case 'const':
    case 'item':
    case 'param':
      break;
  }
  return false;
}

/** The sources that a source is made of, itself among them. */
export function* sourcesIn(from: Source): Generator<Source> {
  yield from;
  switch (from.kind) {
    case 'gather':
    case 'last':
      yield* sourcesIn(from.of);
      return;
    case 'chosen':
      for (const one of Object.values(from.of)) yield* sourcesIn(one);
      return;
    case 'merge':
      for (const part of from.parts) yield* sourcesIn(part);
      return;
    case 'const':
    case 'item':
    case 'output':
    case 'param':
    case 'state':
  }
}
