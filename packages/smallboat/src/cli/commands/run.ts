import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type WorkerProcess, startWorkerProcess } from '../../flow/worker/index.ts';
import type { Io } from '../../kernel/index.ts';
import { isTraced } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { flowPath } from '../flow-file.ts';
import type { flowArgs } from '../flow-settings.ts';
import { firstPositional } from '../positional.ts';

/**
 * `smallboat run flow.ts --epochs 5`, before all else: starts a worker, which loads the flow while this process loads what it needs
 * itself. What is wrong with the command line is said later, by what reads all of it.
 */
export function begin(argv: readonly string[]): WorkerProcess | undefined {
  const given = fileOf(argv);
  // A worker that begins before the configuration is known would read another.
  // A worker of a run that is traced is told of the trace.
  const isEarly =
    !argv.some((arg) => /^(?:--help|-h|--debug|--config.*|--profile.*)$/.test(arg)) && !isTraced(process.env);
  if (given === undefined || !isEarly) return undefined;
  const { path } = flowPath(given.split('#')[0] ?? '', process.cwd());
  return existsSync(path) ? startWorkerProcess(pathToFileURL(path).href) : undefined;
}

/** The command for the flow that the command line names, with its flags. */
export async function commandFor(
  argv: readonly string[],
  io: Io,
  begun?: WorkerProcess,
): Promise<Command<typeof flowArgs>> {
  const { runCommandFor } = await import('../run-command.ts');
  return runCommandFor(fileOf(argv), { argv, io, ...(begun ? { started: begun } : {}) });
}

function fileOf(argv: readonly string[]): string | undefined {
  return firstPositional(argv, ['--json', '--quiet', '-q', '--debug', '--cache', '--help', '-h']);
}
