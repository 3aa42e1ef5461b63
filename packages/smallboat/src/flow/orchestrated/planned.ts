import type { StoreSpec } from '../store/open-run-store.ts';
import type { CodePlace } from '../compute/task/order.ts';

/** A piece of a run whose order an engine keeps: each is one container, or one process. */
export type PlannedWork =
  /** Makes the run, with its parameters. */
  | { readonly kind: 'begin' }
  /** One attempt of one task of a step. */
  | { readonly kind: 'step'; readonly step: string }
  /** Decides on a region that no step decides on when it ends: see `deciders.ts`. */
  | { readonly kind: 'decide'; readonly region: string }
  /** Writes the flow's result, and ends the run. */
  | { readonly kind: 'end' };

/**
 * What the process of a piece of work is told, as JSON in `SMALLBOAT_TASK`: the same in every execution. Holds no secret and no value. What
 * differs from execution to execution is in the environment variables `VARIABLES`.
 */
export interface PlannedOrder {
  /** Name of the flow among those that the module exports. */
  readonly flow: string;
  /** The store as the process reaches it: one that all processes share, its metadata too. */
  readonly store: StoreSpec;
  readonly code: CodePlace;
  /** The folder that bodies begin in, from the root of the code package. */
  readonly folder: string;
  readonly planned: PlannedWork;
  /** What every step gets that does not say so itself: as `--with` has it. */
  readonly with: readonly string[];
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  /** What the flow's module read as configuration, as environment variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** How long a body that was told to stop may take to do so, in seconds. */
  readonly graceSeconds: number;
}

/** Environment variables by which an engine says which execution, and where in it. */
export const VARIABLES = {
  /** The engine's name of the execution: pieces of one execution are one run. */
  execution: 'SMALLBOAT_EXECUTION',
  /** Place in the lists and iterations around the step, outermost first: `0,3`; empty commas are passed over. */
  index: 'SMALLBOAT_INDEX',
  /** Parameters, a JSON object by name. For `begin`. */
  parameters: 'SMALLBOAT_PARAMETERS',
  /** A folder for what was decided, a file a region. */
  report: 'SMALLBOAT_REPORT',
} as const;

/** Exit code of a task in a case of a choice that is not taken: Airflow takes it for a task that is passed over. */
export const NOT_TAKEN = 99;

/** What was decided on a region: the places of a list, the case of a choice, whether a repeat goes on. */
export type Decision = readonly number[] | string | boolean;

/** Where the datastore keeps a decision for engines that read it there, from its root; `index` as in `VARIABLES.index`. */
export function decisionPath(of: {
  readonly flow: string;
  readonly execution: string;
  readonly region: string;
  readonly index: string;
}): string {
  return `${of.flow}/_meta/executions/${of.execution}/${plain(of.region)}${of.index}.json`;
}

/** A region's id as the name of a file. */
export function plain(region: string): string {
  return region.replace(/[^\w.-]/g, '_');
}

/** `,0,3` → `[0, 3]` */
export function indexIn(text: string): readonly number[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map(Number);
}

/** `[0, 3]` → `,0,3`: what engines make by adding to it. */
export function indexText(index: readonly number[]): string {
  return index.map((place) => `,${place}`).join('');
}
