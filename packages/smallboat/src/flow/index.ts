export { each, flow, isFlow, step, wiringErrors } from './compose.ts';
export type {
  Flow,
  Outputs,
  ParamInputs,
  ParamValues,
  Params,
  Ref,
  Step,
  StepSpec,
  WireOptions,
  Wired,
} from './compose.ts';
export { describeDag, env } from './definition.ts';
export type {
  Dag,
  EnvRef,
  ForeachNode,
  Resources,
  Retry,
  Source,
  StepContext,
  StepNode,
  StepOptions,
} from './definition.ts';
export type { RunEvent, TaskEnd } from './engine/events.ts';
export { loadErrors, loadFlow } from './engine/load-flow.ts';
export { begun } from './engine/origin.ts';
export { nameErrors } from './names.ts';
export { checkUnchanged, flagOf, paramErrors, parseParams } from './params.ts';
export { readRun } from './read-run.ts';
export type { RunState, RunView, StepView, TaskState, TaskView } from './read-run.ts';
export { seconds } from './run-display.ts';
export { resumeFlow, runErrors, runFlow } from './run-flow.ts';
export type { FlowRun, ResumeFlowOptions, RunFlowOptions, StepFailure } from './run-flow.ts';
export { openRunStore } from './store/local-run-store.ts';
export type { ArtifactKey, ArtifactKeys, RunInfo, RunStore, TaskInfo, TaskPath } from './store/run-store.ts';
export { inMemoryRunStore } from './store-in-memory.ts';
export { writeRunCard } from './write-run-card.ts';
export type { RunCardOptions } from './write-run-card.ts';
