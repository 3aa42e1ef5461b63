/** An entrance of its own: what engines that keep the order of a run by themselves are given of a flow. */
export { tracedParameters } from './execution-trace.ts';
export { decidersOf } from './deciders.ts';
export { runOf } from './execution.ts';
export { type OrchestratedWorker, orchestratedWorker } from './orchestrated-worker.ts';
export { type PackedFlow, packFlow } from './packed-flow.ts';
export { NOT_TAKEN, type PlannedWork, VARIABLES, decisionPath, plain } from './planned.ts';
export { processUser } from '../store/local-run-store.ts';
