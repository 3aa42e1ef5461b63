export { cronOf, eventBridgeCron, scheduleErrors } from './cron.ts';
export type { Cron } from './cron.ts';
export { deploymentErrors, isolationOf, prepareDeployment } from './deployment.ts';
export type { DeployOptions, Deployment, Isolation } from './deployment.ts';
export { stateMachineErrors, stateMachineOf } from './step-functions/state-machine.ts';
export type { Said, StateMachine, StateMachineOptions } from './step-functions/state-machine.ts';
