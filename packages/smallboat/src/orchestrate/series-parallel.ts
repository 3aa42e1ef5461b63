import type { Block, Part } from './program.ts';

/** A block for an engine that knows only one after the other and side by side. */
export type Plan =
  | { readonly kind: 'part'; readonly part: Part }
  | { readonly kind: 'series'; readonly of: readonly Plan[] }
  | { readonly kind: 'parallel'; readonly of: readonly Plan[] };

/**
 * A block as series and parallels. Where its graph is one, nothing is lost; else a part may wait for more than it has to, never for less: what
 * is run side by side is then waited for as a whole.
 */
export function seriesParallel(block: Block): Plan {
  const [only] = block;
  if (only && block.length === 1) return { kind: 'part', part: only };
  const components = componentsOf(block);
  if (components.length > 1) return { kind: 'parallel', of: components.map(seriesParallel) };
  if (block.length === 0) return { kind: 'series', of: [] };
  const [head, rest] = cut(block);
  return {
    kind: 'series',
    of: [head, rest].map(seriesParallel).flatMap((plan) => (plan.kind === 'series' ? plan.of : [plan])),
  };
}

/** Parts that hang together. */
function componentsOf(block: Block): readonly Block[] {
  const of = new Map(block.map(({ key }) => [key, key]));
  const root = (key: string): string => {
    const up = of.get(key);
    return up === undefined || up === key ? key : root(up);
  };
  for (const { key, after } of block) for (const before of after) if (of.has(before)) of.set(root(before), root(key));
  const found = Map.groupBy(block, ({ key }) => root(key));
  return [...found.values()];
}

/**
 * Cuts a block that hangs together in two, the first before the second: there where all of the second waits for all of the first that nothing
 * in it waits for, if there is such a place; else behind what waits for nothing.
 */
function cut(block: Block): readonly [Block, Block] {
  const ancestors = ancestorsIn(block);
  for (let size = 1; size < block.length; size += 1) {
    const [head, rest] = [block.slice(0, size), block.slice(size)];
    const isSeries = rest.every(({ key }) => head.every((part) => ancestors.get(key)?.has(part.key) === true));
    if (isSeries) return [head, rest];
  }
  const keys = new Set(block.map(({ key }) => key));
  const isFirst = ({ after }: Part): boolean => !after.some((key) => keys.has(key));
  return [block.filter(isFirst), block.filter((part) => !isFirst(part))];
}

function ancestorsIn(block: Block): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const { key, after } of block) {
    found.set(key, new Set(after.flatMap((before) => [before, ...(found.get(before) ?? [])])));
  }
  return found;
}
