import type { Dag, Place, Region, Source } from '../definition.ts';
import type { AttemptEnd, ForeachFrame, TaskPlace } from '../store/run-store.ts';

/** What is asked for the place of a task. */
export interface PlaceHost {
  readonly dag: Dag;
  /** How many elements the list of an `each` has, or a repeat has iterations, at a place. */
  readonly lengthOf: (id: string, prefix: readonly number[]) => Promise<number>;
}

/** Where a task stands in the lists and iterations around its step, in the store's words. */
export async function taskPlace(
  scope: readonly Place[],
  index: readonly number[],
  { dag, lengthOf }: PlaceHost,
): Promise<TaskPlace> {
  const foreach: ForeachFrame[] = [];
  const iterations: number[] = [];
  let depth = 0;
  let gang: TaskPlace['gang'];
  for (const { region: id, case: taken } of scope) {
    if (taken !== undefined) continue;
    const region = dag.regions.find((r) => r.id === id);
    const at = index[depth] ?? 0;
    if (region?.kind === 'repeat') iterations.push(at);
    if (region?.kind === 'each') {
      const count = await lengthOf(id, index.slice(0, depth));
      foreach.push({ step: firstInside(dag, region), variable: nameOfList(region), count, index: at });
      if (region.isGang) gang = { count, index: at };
    }
    depth += 1;
  }
  return {
    ...(foreach.length > 0 ? { foreach } : {}),
    ...(iterations.length > 0 ? { iterations } : {}),
    ...(gang ? { gang } : {}),
  };
}

/** Steps are in a topological order. */
function firstInside(dag: Dag, { id }: Region): string {
  return dag.steps.find(({ scope }) => scope.some(({ region }) => region === id))?.name ?? id;
}

function nameOfList({ id, over, isGang }: Region & { readonly kind: 'each' }): string {
  // As Metaflow calls it.
  if (isGang) return '_parallel_ubf_iter';
  const named: Source = over;
  if (named.kind === 'output' && named.key !== undefined) return named.key;
  return named.kind === 'param' ? named.name : id;
}

/** Which list of a task the next step is fanned out over, by the lengths that were measured for it. */
export function fansOut(lengths: Readonly<Record<string, number>>): Pick<AttemptEnd, 'fansOutOver'> {
  const [list] = Object.entries(lengths);
  return list ? { fansOutOver: { variable: list[0], count: list[1] } } : {};
}
