import type { Flow } from './compose/flow.ts';
import type { Step } from './compose/step.ts';
import { inputsFrom, loadInput } from './engine/inputs.ts';
import type { InputSpec } from './engine/job.ts';
import { RECORD, RESULT, asTaskRecord } from './engine/record.ts';
import { readStep } from './read-run.ts';
import type { FlowRun } from './run-flow.ts';
import type { RunStore } from './store/run-store.ts';

/** A run of a flow as its store has it, with the types of the flow. Nothing is read before it is asked for. */
export function flowRunOf<R>(
  { flow, store, ownsStore }: { readonly flow: Flow; readonly store: RunStore; readonly ownsStore: boolean },
  run: string,
): FlowRun<R> {
  const { name, result, dag } = flow;
  return {
    flow: name,
    run,
    store,
    result: async () => {
      const end = (await store.tasks(name, run)).find((t) => t.path.step === 'end')?.ended?.artifacts ?? {};
      const whole = result.kind === 'output' && result.key === undefined;
      const [key, record] = [end[RESULT], end[RECORD]];
      const { absent = [] } = (record ? asTaskRecord(await store.load(name, record)) : undefined) ?? {};
      if (!whole && absent.includes(RESULT)) return undefined as R; // A case that was not taken gives nothing.
      const names = Object.fromEntries(Object.entries(end).filter(([artifact]) => !artifact.startsWith('_')));
      const spec: InputSpec = whole || !key ? { kind: 'object', artifacts: names } : { kind: 'artifact', key };
      return (await loadInput(spec, { dag: dag(), inputs: inputsFrom(store, name) })) as R; // What the wiring says that the flow gives.
    },
    read: <O extends object, C extends object = never>(step: Step<never, O, C>) =>
      readStep<O | C>(store, { flow: name, run, step: step.stepName }),
    [Symbol.asyncDispose]: async () => {
      if (ownsStore) await store[Symbol.asyncDispose]();
    },
  };
}
