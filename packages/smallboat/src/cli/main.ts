import { readFile } from 'node:fs/promises';
import { type Io, processIo } from '../kernel/index.ts';
import type * as z from 'zod';
import { type Command, type ExitCode, runPrepared } from './command.ts';
import { commands } from './commands.ts';
import { nearest } from './nearest.ts';

/** The program `smallboat`: finds the command, loads its file and runs it. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<ExitCode> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const wanted = name === 'help' ? rest[0] : undefined;
    if (wanted !== undefined) return main([wanted, '--help'], io);
    io.out(overview());
    return 0;
  }
  if (name === '--version' || name === '-v') {
    io.out(await version());
    return 0;
  }
  const entry = commands[name];
  if (!entry) {
    const guess = nearest(name, Object.keys(commands));
    const hint = guess === undefined ? '' : ` Did you mean 'smallboat ${guess}'?`;
    io.err(`USAGE: There is no command '${name}'.${hint} See 'smallboat --help'.`);
    return 2;
  }
  const { command, commandFor } = await entry.load();
  const prepare = async (): Promise<Command<z.ZodObject>> => {
    const made = commandFor ? await commandFor(rest, io) : command;
    if (!made) throw new Error(`The file of command '${name}' exports no command.`);
    return made;
  };
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

async function version(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
}
