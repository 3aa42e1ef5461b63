import type { RunGraph, RunGraphStep } from '../store/run-store.ts';
import type { Graph, GraphStep } from './record.ts';

/** The graph in Metaflow's words, where every run goes from `start` to `end`. */
export function runGraphOf({ steps, regions, about }: Graph): RunGraph {
  const kinds = new Map(regions.map((region) => [region.id, region.kind]));
  const byName = new Map(steps.map((step) => [step.name, step]));
  const followers = (name: string): string[] =>
    steps.filter(({ after }) => after.includes(name)).map((follower) => follower.name);
  /** Kinds of the regions that one goes into, or comes out of, from one step to another. */
  const between = (outer: GraphStep | undefined, inner: GraphStep | undefined): (string | undefined)[] =>
    (inner?.scope ?? [])
      .filter((place) => outer?.scope.includes(place) !== true)
      .map((place) => kinds.get(place.split('=')[0] ?? ''));
  const roots = steps.filter(({ after }) => after.length === 0).map(({ name }) => name);
  const kindOf = (step: GraphStep | undefined, next: readonly string[], before: readonly string[]): Kind => {
    const entered = next.flatMap((name) => between(step, byName.get(name)));
    if (entered.includes('each')) return 'foreach';
    if (entered.includes('choice')) return 'switch';
    const left = before.flatMap((name) => between(step, byName.get(name)));
    if (left.includes('each') || (before.length > 1 && !left.includes('choice'))) return 'join';
    return next.length > 1 ? 'split' : 'linear';
  };
  const inner = steps.map((step): RunGraphStep => {
    const next = followers(step.name);
    return {
      name: step.name,
      kind: kindOf(step, next, step.after),
      next: next.length > 0 ? next : ['end'],
      ...(step.about === undefined ? {} : { doc: step.about }),
    };
  });
  const start = kindOf(undefined, roots, []);
  return {
    ...(about === undefined ? {} : { doc: about }),
    steps: [
      { name: 'start', kind: start === 'split' || start === 'switch' ? start : 'start', next: roots },
      ...inner,
      { name: 'end', kind: 'end', next: [] },
    ],
  };
}

type Kind = RunGraphStep['kind'];
