import type { Dag, Region } from '../definition.ts';
import { inputsFrom, loadInput } from '../engine/inputs.ts';
import { type Index, type Resolver, resolverErrors } from '../engine/resolver.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Decision } from './planned.ts';

export interface DecideHost {
  readonly dag: Dag;
  readonly store: RunStore;
  readonly resolver: Resolver;
}

/** Decides on a region at a place. Rejects as a local run does: `NOT_A_LIST`, `CHOICE_NOT_COVERED`, `REPEAT_UNDECIDED`, `REPEAT_TOO_LONG`. */
export async function decide(region: Region, index: Index, host: DecideHost): Promise<Decision> {
  const { paths } = host.resolver;
  const { id, scope } = region;
  switch (region.kind) {
    case 'each': {
      const all = await paths([...scope, { region: id }], index);
      return all.map((path) => path.at(-1) ?? 0);
    }
    case 'choice': {
      const cases = region.hasOtherwise ? [...region.cases, 'otherwise'] : region.cases;
      for (const one of cases) if ((await paths([...scope, { region: id, case: one }], index)).length > 0) return one;
      return '';
    }
    case 'repeat':
      break;
  }
  const { spec } = await host.resolver.resolve(region.again, index);
  const goesOn = await loadInput(spec, { dag: host.dag, inputs: inputsFrom(host.store, host.dag.flow) });
  if (typeof goesOn !== 'boolean') {
    throw resolverErrors.REPEAT_UNDECIDED({ repeat: id, found: goesOn === undefined ? 'missing' : typeof goesOn });
  }
  if (goesOn && (index.at(-1) ?? 0) + 1 >= region.atMost) {
    throw resolverErrors.REPEAT_TOO_LONG({ repeat: id, atMost: region.atMost });
  }
  return goesOn;
}
