import type { Io } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { dbtCommand } from './dbt.ts';

/** `smallboat transform build --project apps/intent/dbt`: the verbs of `smallboat dbt` over the warehouse of the settings. */
export function commandFor(argv: readonly string[], _io: Io): Promise<Command> {
  return Promise.resolve(dbtCommand(argv, 'transform') as Command);
}
