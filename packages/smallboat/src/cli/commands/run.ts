import type * as z from 'zod';
import { startWorkerProcess } from '../../flow/index.ts';
import type { Io } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { firstPositional, flowFile } from '../flow-file.ts';

/**
 * `smallboat run flow.ts --epochs 5`: the command for the flow that the command line names, with its flags. A worker
 * is started first of all, so that it loads the flow while this process loads what it needs itself.
 */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<z.ZodObject>> {
  const given = firstPositional(argv, ['--json', '--help', '-h']);
  const place = given === undefined ? undefined : flowFile(given, 'run', io);
  const isHelp = argv.includes('--help') || argv.includes('-h');
  const started = place && !isHelp ? startWorkerProcess(place.module) : undefined;
  const { runCommandFor } = await import('../run-command.ts');
  return runCommandFor(place, started);
}
