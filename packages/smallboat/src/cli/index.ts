export { cliErrors, runCommand } from './command.ts';
export type { Command, ExitCode, Flag } from './command.ts';
export { main } from './main.ts';
