import type { Flow } from '../compose/flow.ts';
import { inProcessWorkers } from '../engine/in-process.ts';
import {
  type Decision,
  type PlannedOrder,
  VARIABLES,
  decisionPath,
  indexIn,
  indexText,
} from '../orchestrated/planned.ts';
import { doWork } from '../orchestrated/work.ts';
import type { RunStore } from '../store/run-store.ts';

export interface PlannedInProcess {
  /** Does the piece of work that these environment variables are for, as its process would. Rejects where that would fail. */
  run(env: Readonly<Record<string, string>>): Promise<Readonly<Record<string, Decision>>>;
  /** What was decided, by path in the datastore. */
  readonly decided: ReadonlyMap<string, Decision>;
}

/** Pieces of orchestrated runs without processes: for quick tests of what engines are told. */
export function plannedInProcess(flow: Flow, store: RunStore): PlannedInProcess {
  const decided = new Map<string, Decision>();
  return {
    decided,
    async run(env) {
      const order = JSON.parse(env['SMALLBOAT_TASK'] ?? '') as PlannedOrder; // As an engine was told.
      const execution = env[VARIABLES.execution] ?? '';
      const index = indexIn(env[VARIABLES.index] ?? '');
      const decisions = await doWork(order.planned, {
        order,
        flow,
        module: 'file:///flows.ts',
        store,
        execution,
        index,
        parameters: env[VARIABLES.parameters] ?? '',
        env,
        signal: new AbortController().signal,
        print: () => undefined,
        pool: () => inProcessWorkers({ dag: flow.dag(), store, maxWorkers: 1 }),
      });
      for (const [region, decision] of Object.entries(decisions)) {
        decided.set(decisionPath({ flow: flow.name, execution, region, index: indexText(index) }), decision);
      }
      return decisions;
    },
  };
}
