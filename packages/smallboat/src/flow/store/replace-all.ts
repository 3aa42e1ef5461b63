/**
 * Puts others in the place of some objects, wherever a value of lists, plain objects, Maps and Sets refers to them. Changes the value, and
 * gives it, or what comes in its place.
 */
export function replaceAll(value: unknown, others: ReadonlyMap<unknown, unknown>): unknown {
  const other = (old: unknown): unknown => (others.has(old) ? others.get(old) : old);
  const root = other(value);
  const seen = new Set<unknown>([root]);
  const waiting = [root];
  const visit = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null || seen.has(inner)) return;
    seen.add(inner);
    waiting.push(inner);
  };
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (Array.isArray(next)) replaceInList(next, other, visit);
    else if (next instanceof Map) replaceInMap(next, other, visit);
    else if (next instanceof Set) replaceInSet(next, other, visit);
    else if (typeof next === 'object' && next !== null && Object.getPrototypeOf(next) === Object.prototype) {
      for (const [key, old] of Object.entries(next)) {
        const now = other(old);
        if (now !== old) Object.defineProperty(next, key, { value: now });
        visit(now);
      }
    }
  }
  return root;
}

type Other = (old: unknown) => unknown;
type Visit = (inner: unknown) => void;

function replaceInList(list: unknown[], other: Other, visit: Visit): void {
  for (const [place, old] of list.entries()) {
    const now = other(old);
    if (now !== old) list[place] = now;
    visit(now);
  }
}

function replaceInMap(map: Map<unknown, unknown>, other: Other, visit: Visit): void {
  const entries = Array.from(map, ([key, old]) => [other(key), other(old)] as const);
  map.clear();
  for (const [key, now] of entries) {
    map.set(key, now);
    visit(key);
    visit(now);
  }
}

function replaceInSet(set: Set<unknown>, other: Other, visit: Visit): void {
  const members = Array.from(set, other);
  set.clear();
  for (const now of members) {
    set.add(now);
    visit(now);
  }
}
