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
export { nameErrors } from './names.ts';
export { paramErrors } from './params.ts';
export { resumeFlow, runErrors, runFlow } from './run-flow.ts';
export type { FlowRun, ResumeFlowOptions, RunFlowOptions, StepFailure } from './run-flow.ts';
