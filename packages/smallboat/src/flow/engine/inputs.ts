import { defineErrors, mapAtMost } from '../../kernel/index.ts';
import type { Dag, StepNode } from '../definition.ts';
import type { ArtifactKey, RunStore } from '../store/run-store.ts';
import type { InputSpec } from './job.ts';

export const inputErrors = defineErrors({
  NOT_A_LIST: (f: { what: string; found: string }) =>
    `${f.what} is fanned out with each(), but it is ${f.found} and not a list. Return a list from that step.`,
});

/** Elements of a list that are read at once: each may be several files. */
const AT_ONCE = 32;

/** Reads artifacts of one flow. */
export interface Inputs {
  load(key: ArtifactKey): Promise<unknown>;
}

/** Reads artifacts of a flow each time anew. */
export function inputsFrom(store: RunStore, flow: string): Inputs {
  return { load: (key) => store.load(flow, key) };
}

/**
 * Reads artifacts for the tasks of one process, and keeps the last few that several tasks of this process read, so that a list of tasks over one
 * dataset reads it once. Only what no task can change in place is shared: values made of frozen plain objects and
 * lists. Typed arrays, maps, sets and dates cannot be frozen and are read anew for each task.
 */
export function cachedInputs(store: RunStore, flow: string, size = 16): Inputs {
  const kept = new Map<ArtifactKey, unknown>();
  return {
    async load(key) {
      if (kept.has(key)) {
        const value = kept.get(key);
        kept.delete(key);
        kept.set(key, value);
        return value;
      }
      const value = await store.load(flow, key);
      if (!freeze(value, 100_000)) return value;
      kept.set(key, value);
      const [oldest] = kept.keys();
      if (kept.size > size && oldest !== undefined) kept.delete(oldest);
      return value;
    },
  };
}

/** Freezes plain data through and through. False, and nothing frozen, if some of it cannot be or it is too large to walk. */
function freeze(value: unknown, mostNodes: number): boolean {
  const found: object[] = [];
  const isPlain = (inner: unknown): boolean => {
    if (typeof inner !== 'object' || inner === null) return true;
    const prototype: unknown = Object.getPrototypeOf(inner);
    if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return false;
    found.push(inner);
    return found.length <= mostNodes && Object.values(inner).every(isPlain);
  };
  if (!isPlain(value)) return false;
  for (const inner of found) Object.freeze(inner);
  return true;
}

/** The values of a task's inputs, by name. */
export async function loadInputs(
  specs: Readonly<Record<string, InputSpec>>,
  node: Pick<StepNode, 'inputs'>,
  from: { readonly dag: Dag; readonly inputs: Inputs },
): Promise<Record<string, unknown>> {
  const values = await Promise.all(
    Object.entries(specs).map(async ([name, spec]) => {
      const wired = node.inputs[name];
      const value = spec.kind === 'const' && wired?.kind === 'const' ? wired.value : await loadInput(spec, from);
      return [name, value] as const;
    }),
  );
  return Object.fromEntries(values);
}

/** The value of one input. Rejects with the store's errors, and with `NOT_A_LIST`. */
export async function loadInput(
  spec: InputSpec,
  from: { readonly dag: Dag; readonly inputs: Inputs },
): Promise<unknown> {
  switch (spec.kind) {
    case 'artifact':
      return from.inputs.load(spec.key);
    case 'object': {
      const values = Object.entries(spec.artifacts).map(async ([name, key]) => [name, await from.inputs.load(key)]);
      return Object.fromEntries(await Promise.all(values)) as unknown;
    }
    case 'list':
      return mapAtMost(spec.items, AT_ONCE, (item) => loadInput(item, from));
    case 'element':
      return elementOf(await loadInput(spec.of, from), spec.index);
    case 'constElement': {
      const region = from.dag.regions.find((r) => r.id === spec.each);
      const over = region?.kind === 'each' ? region.over : undefined;
      return elementOf(over?.kind === 'const' ? over.value : undefined, spec.index);
    }
    case 'initial': {
      const region = from.dag.regions.find((r) => r.id === spec.repeat);
      const initial = region?.kind === 'repeat' ? region.initial[spec.key] : undefined;
      return initial?.kind === 'const' ? initial.value : undefined;
    }
    case 'const':
    case 'absent':
      break;
  }
  return undefined;
}

function elementOf(list: unknown, index: number): unknown {
  if (!Array.isArray(list)) throw inputErrors.NOT_A_LIST({ what: 'An input', found: `of type ${typeof list}` });
  return list[index] as unknown;
}
