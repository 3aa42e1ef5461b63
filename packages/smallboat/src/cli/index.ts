export { cliErrors, runCommand } from './command.ts';
export type { Command, ExitCode, Flag } from './command.ts';
export { tellingUsage } from './flow-flags.ts';
export { main } from './main.ts';
export { storeOf } from './store-of.ts';
export { flowTracing } from './flow-tracing.ts';
export type { FlowTracing } from './flow-tracing.ts';
