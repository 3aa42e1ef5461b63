import type { Io } from '../kernel/index.ts';
import type { Command, ExitCode } from './command.ts';
import { commands } from './commands.ts';

/** The program `smallboat`: finds the command, loads its file and runs it. */
export async function main(argv: readonly string[], given?: Io): Promise<ExitCode> {
  const [name, ...rest] = argv;
  const module = name === undefined ? undefined : await commands[name]?.load();
  const begun = given ? undefined : module?.begin?.(rest);
  const { processIo } = await import('../kernel/index.ts');
  const io = given ?? processIo();
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const wanted = name === 'help' ? rest[0] : undefined;
    if (wanted !== undefined) return main([wanted, '--help'], io);
    io.out(overview());
    return 0;
  }
  if (name === '--version' || name === '-v') {
    const { VERSION } = await import('../kernel/index.ts');
    io.out(VERSION);
    return 0;
  }
  if (!module) {
    const { nearest } = await import('./nearest.ts');
    const guess = nearest(name, Object.keys(commands));
    const hint = guess === undefined ? '' : ` Did you mean 'smallboat ${guess}'?`;
    io.err(`USAGE: There is no command '${name}'.${hint} See 'smallboat --help'.`);
    return 2;
  }
  const { command, commandFor } = module;
  const prepare = async (): Promise<Command> => {
    const made = commandFor ? await commandFor(rest, io, begun as never) : command;
    if (!made) throw new Error(`The file of command '${name}' exports no command.`);
    return made;
  };
  const { runPrepared } = await import('./command.ts');
  return runPrepared(prepare, rest, io);
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 2;
  const groups = [...new Set(Object.values(commands).map((entry) => entry.group))];
  const sections = groups.flatMap((group) => [
    '',
    `${group}:`,
    ...Object.entries(commands)
      .filter(([, entry]) => entry.group === group)
      .map(([name, entry]) => `  ${name.padEnd(width)}${entry.summary}`),
  ]);
  return [
    'smallboat <command> [flags]: from raw clickstream to a deployed, monitored prediction',
    ...sections,
    '',
    "See 'smallboat <command> --help' for its flags. Every command takes --json for a result that programs read.",
    'Example: smallboat run flow.ts',
  ].join('\n');
}
