import { type Dag, type Place, type Region, type Source, type StepNode, numbered, sourcesIn } from '../definition.ts';

/** Who decides on a region: how long its list is, which case is taken, whether it goes on. */
export type Decider =
  /** What begins the run: it is known from the parameters. */
  | { readonly kind: 'begin' }
  /** The task of a step, when it has ended: nothing else that the decision needs comes later. */
  | { readonly kind: 'step'; readonly step: string }
  /** A piece of work of its own, since no step is surely the last that the decision needs. */
  | { readonly kind: 'own' };

/** Who decides on each region, by its id: the same for whoever writes an engine's definition and for who does the work. */
export function decidersOf(dag: Dag): ReadonlyMap<string, Decider> {
  return new Map(dag.regions.map((region) => [region.id, deciderOf(region, dag)]));
}

/** Regions that the task of a step decides on, or the beginning of a run. */
export function decidedBy(dag: Dag, decider: Exclude<Decider, { kind: 'own' }>): readonly Region[] {
  const deciders = decidersOf(dag);
  return dag.regions.filter(({ id }) => {
    const found = deciders.get(id);
    if (found?.kind !== decider.kind) return false;
    return found.kind !== 'step' || (decider.kind === 'step' && found.step === decider.step);
  });
}

/** What a region is decided by. */
export function decisiveSource(region: Region): Source {
  switch (region.kind) {
    case 'each':
      return region.over;
    case 'choice':
      return region.on;
    case 'repeat':
      break;
  }
  return region.again;
}

/** Where it is decided: before the region, or at the end of each iteration of a repeat. */
export function decisiveScope(region: Region): readonly Place[] {
  return region.kind === 'repeat' ? [...region.scope, { region: region.id }] : region.scope;
}

function deciderOf(region: Region, dag: Dag): Decider {
  const scope = decisiveScope(region);
  const sources = [...sourcesIn(decisiveSource(region))];
  const makers = new Set(sources.flatMap((from) => (from.kind === 'output' ? [from.step] : [])));
  const isKnown = sources.every(({ kind }) => kind === 'const' || kind === 'param');
  if (isKnown && numbered(scope).length === 0) return { kind: 'begin' };
  const [maker] = makers;
  const node = dag.steps.find(({ name }) => name === maker);
  const isSure = sources.every(({ kind }) => ['const', 'param', 'output', 'item', 'state'].includes(kind));
  if (!node || makers.size > 1 || !isSure || !isSameScope(node, scope)) return { kind: 'own' };
  return { kind: 'step', step: node.name };
}

function isSameScope(node: StepNode, scope: readonly Place[]): boolean {
  if (node.scope.length !== scope.length) return false;
  return node.scope.every((place, i) => place.region === scope[i]?.region && place.case === scope[i]?.case);
}
