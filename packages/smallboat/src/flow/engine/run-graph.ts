import type { RunGraph, RunGraphStep } from '../store/run-store.ts';
import type { Graph, GraphStep } from './record.ts';

/** The graph in Metaflow's words, where every run goes from `start` to `end`. */
export function runGraphOf({ steps: all, regions, about }: Graph): RunGraph {
  const steps = withoutDetours(all);
  const kinds = new Map(regions.map((region) => [region.id, region.isGang ? 'gang' : region.kind]));
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
    if (entered.includes('gang')) return 'gang';
    if (entered.includes('each')) return 'foreach';
    if (entered.includes('choice')) return 'switch';
    const left = before.flatMap((name) => between(step, byName.get(name)));
    if (left.includes('each') || left.includes('gang') || (before.length > 1 && !left.includes('choice')))
      return 'join';
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

/**
 * Steps after those alone that nothing between leads on from: where c reads of a and of b, and b of a, then c comes after b. In Metaflow a step
 * has one step before it, or joins several that ran side by side.
 */
function withoutDetours(steps: readonly GraphStep[]): readonly GraphStep[] {
  const before = new Map<string, ReadonlySet<string>>();
  return steps.map((step) => {
    const indirect = new Set(step.after.flatMap((name) => [...(before.get(name) ?? [])]));
    before.set(step.name, new Set([...step.after, ...indirect]));
    return { ...step, after: step.after.filter((name) => !indirect.has(name)) };
  });
}
