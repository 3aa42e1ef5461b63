import type { Dag, Place, Region, StepNode } from '../flow/index.ts';
import { decidersOf } from '../flow/orchestrated/index.ts';

/** A part of a flow in the order that an engine keeps. */
export type Part =
  /** `after` the parts of these keys in the same block. */
  | (Ordered & { readonly kind: 'step'; readonly node: StepNode })
  /** Decides on a region: for those that no step decides on. */
  | (Ordered & { readonly kind: 'decide'; readonly region: Region })
  | (Ordered & { readonly kind: 'each'; readonly region: Region; readonly body: Block })
  | (Ordered & { readonly kind: 'choice'; readonly region: Region; readonly cases: readonly Case[] })
  /** The body's last part decides whether it goes on. */
  | (Ordered & { readonly kind: 'repeat'; readonly region: Region; readonly body: Block });

export interface Case {
  /** Name of the case; `otherwise` for all that has none. */
  readonly name: string;
  readonly body: Block;
}

interface Ordered {
  /** Unique in the flow. */
  readonly key: string;
  /** Keys of the parts of the same block that come before: none between leads there already. */
  readonly after: readonly string[];
}

/** Parts that are run in their own order, those that do not wait for each other side by side. In a topological order. */
export type Block = readonly Part[];

/** A flow's graph as nested blocks: every region is one part of the block around it. */
export function programOf(dag: Dag): Block {
  return blockOf([], dag);
}

/** All parts of a block, those inside others too. */
export function* partsIn(block: Block): Generator<Part> {
  for (const part of block) {
    yield part;
    if (part.kind === 'each' || part.kind === 'repeat') yield* partsIn(part.body);
    if (part.kind === 'choice') for (const { body } of part.cases) yield* partsIn(body);
  }
}

/** Keys of the parts of a block that no other waits for. */
export function lastOf(block: Block): readonly string[] {
  const waitedFor = new Set(block.flatMap(({ after }) => after));
  return block.map(({ key }) => key).filter((key) => !waitedFor.has(key));
}

function blockOf(scope: readonly Place[], dag: Dag): Block {
  const deciders = decidersOf(dag);
  const parts: Part[] = [];
  const holders = holdersIn(scope, dag);
  const waits = waitsIn(scope, { dag, holders });
  for (const key of sorted([...new Set(holders.values())], waits)) {
    const region = dag.regions.find(({ id }) => id === key);
    if (!region) {
      const node = dag.steps.find(({ name }) => name === key);
      if (node) parts.push({ kind: 'step', key, after: waits.get(key) ?? [], node });
      continue;
    }
    const isOwn = deciders.get(region.id)?.kind === 'own';
    // What decides comes first, once all is there that the region waits for.
    const decision = `${key}?`;
    if (isOwn && region.kind !== 'repeat') {
      parts.push({ kind: 'decide', key: decision, after: waits.get(key) ?? [], region });
    }
    const after = isOwn && region.kind !== 'repeat' ? [decision] : (waits.get(key) ?? []);
    parts.push(regionPart(region, { after, scope, dag, isOwn }));
  }
  return withoutDetours(parts);
}

function regionPart(
  region: Region,
  at: {
    readonly after: readonly string[];
    readonly scope: readonly Place[];
    readonly dag: Dag;
    readonly isOwn: boolean;
  },
): Part {
  const { after, scope, dag, isOwn } = at;
  const { id: key } = region;
  if (region.kind === 'choice') {
    const names = region.hasOtherwise ? [...region.cases, 'otherwise'] : region.cases;
    const cases = names.map((name) => ({ name, body: blockOf([...scope, { region: key, case: name }], dag) }));
    return { kind: 'choice', key, after, region, cases };
  }
  const inner = blockOf([...scope, { region: key }], dag);
  if (region.kind === 'each') return { kind: 'each', key, after, region, body: inner };
  const last: Part = { kind: 'decide', key: `${key}?`, after: lastOf(inner), region };
  return { kind: 'repeat', key, after, region, body: isOwn ? [...inner, last] : inner };
}

/** For every step below a scope the key of the part that holds it: itself, or the region that it is inside. */
function holdersIn(scope: readonly Place[], dag: Dag): ReadonlyMap<string, string> {
  const inside = dag.steps.filter((node) => scope.every((place, i) => isSame(place, node.scope[i])));
  return new Map(inside.map((node) => [node.name, node.scope[scope.length]?.region ?? node.name]));
}

/** For every part of a block the keys of those that it waits for. */
function waitsIn(
  scope: readonly Place[],
  { dag, holders }: { readonly dag: Dag; readonly holders: ReadonlyMap<string, string> },
): ReadonlyMap<string, readonly string[]> {
  const waits = new Map<string, Set<string>>();
  for (const node of dag.steps) {
    const own = holders.get(node.name);
    if (own === undefined || !scope.every((place, i) => isSame(place, node.scope[i]))) continue;
    const found = waits.get(own) ?? new Set();
    for (const before of node.after) {
      const holder = holders.get(before);
      if (holder !== undefined && holder !== own) found.add(holder);
    }
    waits.set(own, found);
  }
  return new Map([...waits].map(([key, found]) => [key, [...found]]));
}

/** In a topological order: a region may be met before all that it waits for. */
function sorted(keys: readonly string[], waits: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const order: string[] = [];
  const visit = (key: string): void => {
    if (order.includes(key)) return;
    for (const before of waits.get(key) ?? []) visit(before);
    order.push(key);
  };
  for (const key of keys) visit(key);
  return order;
}

/** Where c waits for a and b, and b for a, c waits for b. */
function withoutDetours(parts: readonly Part[]): Block {
  const before = new Map<string, ReadonlySet<string>>();
  return parts.map((part) => {
    const indirect = new Set(part.after.flatMap((key) => [...(before.get(key) ?? [])]));
    before.set(part.key, new Set([...part.after, ...indirect]));
    return { ...part, after: part.after.filter((key) => !indirect.has(key)) };
  });
}

function isSame(one: Place, other: Place | undefined): boolean {
  return other !== undefined && one.region === other.region && one.case === other.case;
}
