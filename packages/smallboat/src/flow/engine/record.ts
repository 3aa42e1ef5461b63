import type { Dag, Source } from '../definition.ts';
import type { RunGraph, RunGraphStep } from '../store/run-store.ts';
import type { TaskError } from './job.ts';

/** Name of the hidden artifact that the engine keeps beside the artifacts of a task. */
export const RECORD = '_smallboat';
/** Name of the hidden artifact with the components that a step put on its card. */
export const CARD = '_card';
/** Name under which `end` holds a result that is not the artifacts of one step. */
export const RESULT = 'result';

/** What is kept of a task so that a later process can show it and continue from it. Plain data. */
export interface TaskRecord {
  readonly kind: 'task';
  readonly index: readonly number[];
  /** Lengths of the lists that are fanned out over, by artifact. */
  readonly lengths: Readonly<Record<string, number>>;
  readonly error?: TaskError;
}

/** What is kept of a run, in its task `_parameters`. Plain data. */
export interface RunRecord {
  readonly kind: 'run';
  /** URL of the module that exports the flow. */
  readonly module: string;
  /** The process that schedules the run, to tell a running run from one that was killed. */
  readonly pid: number;
  readonly host: string;
  readonly graph: Graph;
  readonly params: readonly string[];
  /** Where a resumed run left off from its origin. */
  readonly from?: string;
}

/** A flow's definition without bodies and values, as it is stored and drawn. */
export interface Graph {
  readonly flow: string;
  readonly steps: readonly {
    readonly name: string;
    readonly scope: readonly string[];
    readonly after: readonly string[];
    readonly inputs: Readonly<Record<string, string>>;
  }[];
  readonly foreach: readonly { readonly id: string; readonly scope: readonly string[] }[];
}

/** The part of a definition that can be stored. */
export function graphOf(dag: Dag): Graph {
  return {
    flow: dag.flow,
    steps: dag.steps.map(({ name, scope, after, inputs }) => ({
      name,
      scope,
      after,
      inputs: Object.fromEntries(Object.entries(inputs).map(([key, from]) => [key, sourceName(from)])),
    })),
    foreach: dag.foreach.map(({ id, scope }) => ({ id, scope })),
  };
}

function sourceName(from: Source): string {
  switch (from.kind) {
    case 'param':
      return `parameter ${from.name}`;
    case 'output':
      return from.key === undefined ? from.step : `${from.step}.${from.key}`;
    case 'item':
      return `an element of ${from.foreach}`;
    case 'gather':
      return `every ${from.step}`;
    case 'const':
      break;
  }
  return 'a constant';
}

/** Reads a stored record; undefined for anything else, such as a run that Metaflow's own runtime made. */
export function asTaskRecord(stored: unknown): TaskRecord | undefined {
  return isRecord(stored, 'task') ? (stored as TaskRecord) : undefined; // Written by us, as this shape.
}

export function asRunRecord(stored: unknown): RunRecord | undefined {
  return isRecord(stored, 'run') ? (stored as RunRecord) : undefined; // Written by us, as this shape.
}

function isRecord(stored: unknown, kind: string): boolean {
  return typeof stored === 'object' && stored !== null && 'kind' in stored && stored.kind === kind;
}

/** The graph in Metaflow's words, where every run goes from `start` to `end`. */
export function runGraphOf({ steps, foreach }: Graph, doc?: string): RunGraph {
  const depth = new Map(steps.map(({ name, scope }) => [name, scope.length]));
  const followers = (name: string): string[] =>
    steps.filter(({ after }) => after.includes(name)).map((follower) => follower.name);
  const roots = steps.filter(({ after }) => after.length === 0).map(({ name }) => name);
  const kindOf = (name: string, next: readonly string[], before: readonly string[]): RunGraphStep['kind'] => {
    const own = depth.get(name) ?? 0;
    if (next.some((follower) => (depth.get(follower) ?? 0) > own)) return 'foreach';
    if (before.length > 1 || before.some((maker) => (depth.get(maker) ?? 0) > own)) return 'join';
    return next.length > 1 ? 'split' : 'linear';
  };
  const inner = steps.map(({ name, after }): RunGraphStep => {
    const next = followers(name);
    return { name, kind: kindOf(name, next, after), next: next.length > 0 ? next : ['end'] };
  });
  const fansOut = foreach.length > 0 && roots.some((name) => (depth.get(name) ?? 0) > 0);
  return {
    ...(doc === undefined ? {} : { doc }),
    steps: [
      { name: 'start', kind: fansOut || roots.length < 2 ? 'start' : 'split', next: roots },
      ...inner,
      { name: 'end', kind: 'end', next: [] },
    ],
  };
}
