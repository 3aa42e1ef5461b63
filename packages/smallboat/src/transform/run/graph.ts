import type { Manifest } from '../manifest/manifest.ts';
import { isSqlNode } from '../manifest/node.ts';

/** Who waits for whom among chosen nodes: ids, each with those that must be done before. */
export type WaitGraph = ReadonlyMap<string, ReadonlySet<string>>;

/** All that is above a node, at any distance. */
export function ancestorsOf(parents: ReadonlyMap<string, readonly string[]>, id: string): Set<string> {
  const found = new Set<string>();
  const open = [...(parents.get(id) ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    open.push(...(parents.get(at) ?? []));
  }
  return found;
}

/**
 * The order of chosen nodes. Nodes that were not chosen are stepped over: what is behind them still waits for what is before.
 *
 * @param withTests In `build`, what reads a node waits for its tests too, and a model for its unit tests.
 */
export function waitGraph(manifest: Manifest, chosen: ReadonlySet<string>, withTests: boolean): WaitGraph {
  const edges = new Map<string, string[]>([...manifest.parentMap()].map(([id, parents]) => [id, [...parents]]));
  if (withTests) addTestEdges(manifest, edges, chosen);
  const near = new Map<string, ReadonlySet<string>>();
  const chosenAbove = (id: string): ReadonlySet<string> => {
    const known = near.get(id);
    if (known) return known;
    const found = new Set<string>();
    near.set(id, found);
    for (const parent of edges.get(id) ?? []) {
      if (chosen.has(parent)) found.add(parent);
      else for (const one of chosenAbove(parent)) found.add(one);
    }
    return found;
  };
  return new Map([...chosen].map((id) => [id, chosenAbove(id)]));
}

function addTestEdges(manifest: Manifest, edges: Map<string, string[]>, chosen: ReadonlySet<string>): void {
  const parents = manifest.parentMap();
  const testsOf = new Map<string, string[]>();
  for (const id of chosen) {
    const node = manifest.get(id);
    if (node?.resource_type !== 'test') continue;
    for (const parent of parents.get(id) ?? []) testsOf.set(parent, [...(testsOf.get(parent) ?? []), id]);
  }
  for (const id of chosen) {
    const node = manifest.get(id);
    // An exposure or a saved query waits for what it reads, not for the tests of that.
    if (!node || !isSqlNode(node) || node.resource_type === 'test') continue;
    const above = ancestorsOf(parents, id);
    const own = edges.get(id) ?? [];
    for (const one of above) {
      for (const test of testsOf.get(one) ?? []) {
        if (manifest.get(test)?.depends_on.nodes.every((read) => above.has(read) || !manifest.get(read)))
          own.push(test);
      }
    }
    edges.set(id, own);
  }
  // A model is built when its unit tests are done, not the other way round.
  for (const id of chosen) {
    const unit = manifest.unitTests.get(id);
    if (!unit) continue;
    const [tested = ''] = unit.depends_on.nodes;
    edges.set(id, [...(parents.get(tested) ?? [])]);
    edges.set(tested, [...(edges.get(tested) ?? []), id]);
  }
}

/** Ids so that each comes after those it waits for; among equals in the order of `ids`. */
export function inOrder(graph: WaitGraph, ids: Iterable<string>): string[] {
  const done = new Set<string>();
  const order: string[] = [];
  const visit = (id: string): void => {
    if (done.has(id)) return;
    done.add(id);
    for (const before of graph.get(id) ?? []) visit(before);
    order.push(id);
  };
  for (const id of ids) visit(id);
  return order;
}
