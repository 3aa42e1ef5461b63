import type { Graph, GraphRegion } from '../engine/record.ts';
import type { RunState, StepView } from '../read-run.ts';

/** What became of a part of a flow that runs several times, or perhaps not at all. */
export interface Passage {
  /** As a step's scope names it: `grid.points`, `size?=small`. */
  readonly place: string;
  readonly kind: GraphRegion['kind'];
  /** The place that it is inside. */
  readonly inside?: string;
  /** Elements or iterations that begun, or how often the case was taken, in all. */
  readonly count: number;
  /** Fewest and most iterations of a repeat that is itself run several times. */
  readonly range: readonly [least: number, most: number];
  /** The choice fell on another case, or on none. */
  readonly isPassedBy: boolean;
  /** In words: `each of grid.points · 16`, `size? small · taken`. */
  readonly label: string;
}

/** A flow, and what has run of it. */
export interface Progressed {
  readonly graph: Graph;
  readonly steps: readonly StepView[];
  readonly state: RunState;
}

/** Every part of a flow that has a frame of its own, outer ones first. */
export function passagesOf({ graph, steps, state }: Progressed): readonly Passage[] {
  const scopes = [...graph.steps, ...graph.regions].map(({ scope }) => scope);
  const chains = new Map(scopes.flatMap((scope) => scope.map((place, i) => [place, scope.slice(0, i + 1)] as const)));
  const tasks = steps.flatMap((step) => {
    const scope = graph.steps.find(({ name }) => name === step.name)?.scope ?? [];
    // The place of a task that runs is not known yet: each is one of its own.
    return step.tasks.map(({ index, path }) => ({ scope, index: index.length > 0 ? index : [`task ${path.task}`] }));
  });
  /** Places, as numbers, of what has run in a place, cut to what tells its runs apart. */
  const runsOf = (place: string, depth: number): ReadonlySet<string> =>
    new Set(tasks.filter(({ scope }) => scope.includes(place)).map(({ index }) => index.slice(0, depth).join(',')));
  return [...chains]
    .sort(([, a], [, b]) => a.length - b.length)
    .map(([place, chain]) => {
      const kind = kindOf(graph, place);
      const depth = chain.filter((at) => kindOf(graph, at) !== 'choice').length;
      const runs = runsOf(place, depth);
      const [id] = split(place);
      const others = [...chains.keys()].filter((other) => other !== place && split(other)[0] === id);
      const isDecided = state === 'done' || others.some((other) => runsOf(other, depth).size > 0);
      const isPassedBy = kind === 'choice' && runs.size === 0 && isDecided;
      const inside = chain.at(-2);
      const made = { place, kind, count: runs.size, range: rangeOf(runs), isPassedBy };
      return { ...made, ...(inside === undefined ? {} : { inside }), label: labelOf({ ...made, depth }) };
    });
}

function split(place: string): readonly [id: string, name: string] {
  const at = place.indexOf('=');
  return at < 0 ? [place, ''] : [place.slice(0, at), place.slice(at + 1)];
}

function kindOf(graph: Graph, place: string): GraphRegion['kind'] {
  const [id] = split(place);
  return graph.regions.find((region) => region.id === id)?.kind ?? 'each';
}

/** Fewest and most runs that share all of their places but the last. */
function rangeOf(runs: ReadonlySet<string>): readonly [number, number] {
  const counts = new Map<string, number>();
  for (const run of runs) {
    const outer = run.split(',').slice(0, -1).join(',');
    counts.set(outer, (counts.get(outer) ?? 0) + 1);
  }
  const all = [...counts.values()];
  return all.length === 0 ? [0, 0] : [Math.min(...all), Math.max(...all)];
}

function labelOf({ place, kind, count, range, isPassedBy, depth }: Omit<Passage, 'label'> & { depth: number }): string {
  const [id, name] = split(place);
  switch (kind) {
    case 'each':
      return `each of ${id}${count === 0 ? '' : ` · ${count}`}`;
    case 'repeat': {
      const [least, most] = range;
      const times = least === most ? String(most) : `${least} to ${most}`;
      const title = id === 'repeat' || /^repeat#\d+$/.test(id) ? 'repeat' : id;
      return count === 0 ? title : `${title} · ${times} iteration${times === '1' ? '' : 's'}`;
    }
    case 'choice':
      break;
  }
  const title = `${id} ${name}`;
  if (isPassedBy) return `${title} · not taken`;
  if (count === 0) return title;
  return depth === 0 ? `${title} · taken` : `${title} · taken ${count === 1 ? 'once' : `${count} times`}`;
}
