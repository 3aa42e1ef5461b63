import { parseArgs } from 'node:util';
import type { Io } from '../kernel/index.ts';
import { SmallboatError, defineErrors, messageOf } from '../kernel/index.ts';
import { nearest } from './nearest.ts';

export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  readonly short?: string;
  /** May be given several times; the schema gets a list of strings. */
  readonly multiple?: boolean;
}

/**
 * Turns what the command line holds into what a command takes: a zod object, or a function of the same form in commands whose start
 * must be quick (loading zod takes longer than starting Node).
 */
export interface ArgsSchema<T = unknown> {
  safeParse(given: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

export type ArgsOf<S extends ArgsSchema> = S extends ArgsSchema<infer T> ? T : never;

/** One subcommand, in a file of its own, loaded when it is called. */
export interface Command<S extends ArgsSchema = ArgsSchema> {
  readonly name: string;
  /** What one types to call it, before its flags; default `smallboat <name>`. */
  readonly call?: string;
  /** One line, in the imperative: what it does. */
  readonly summary: string;
  /** A command line that works as it stands, for `--help`. */
  readonly example: string;
  /** Names of the arguments before the flags, in order; they reach the schema under these names. */
  readonly positionals?: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Flags that take their default from `smallboat.config.ts` and the environment. */
  readonly fromSettings?: readonly ('home' | 'warehouse')[];
  /** Turns the strings of the command line into values. The one place where they are checked. */
  readonly schema: S;
  /** Changes the command line before it is read: other spellings of flags. */
  readonly rewrite?: (argv: readonly string[]) => string[];
  /** The exit code of an error that `run` throws, where it is not 1. */
  readonly exitCodeOf?: (error: SmallboatError) => ExitCode;
  /** The result goes to `out`, progress to `err`. Every command takes `--json` for a result that programs read. */
  run(args: ArgsOf<S>, io: Io): Promise<void>;
}

export const cliErrors = defineErrors({
  USAGE: (f: { command: string; problem: string; call?: string }) =>
    `${f.problem}. See '${f.call ?? `smallboat ${f.command}`} --help'.`,
});

/** Exit codes: 0 it worked, 1 the work failed, 2 it was called wrongly. */
export type ExitCode = 0 | 1 | 2;

/** Runs one command. An error that is not one of ours is a bug of ours, and is thrown on with its stack. */
export async function runCommand<S extends ArgsSchema>(
  command: Command<S>,
  argv: readonly string[],
  io: Io,
): Promise<ExitCode> {
  return runPrepared(() => Promise.resolve(command), argv, io);
}

/** Runs a command that is made for its command line: what goes wrong while it is made is told as what goes wrong in it. */
export async function runPrepared<S extends ArgsSchema>(
  prepare: () => Promise<Command<S>>,
  argv: readonly string[],
  io: Io,
): Promise<ExitCode> {
  let command: Command<S> | undefined;
  try {
    command = await prepare();
    if (argv.includes('--help') || argv.includes('-h')) {
      io.out(helpOf(command));
      return 0;
    }
    const configured = await configuredFlags(command.fromSettings ?? [], io);
    await command.run(parseFlags(command, command.rewrite?.(argv) ?? argv, configured), io);
    return 0;
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    io.err(`${error.code}: ${error.message}`);
    return cliErrors.USAGE.is(error) ? 2 : (command?.exitCodeOf?.(error) ?? 1);
  }
}

/** The error that says that a command was called wrongly. */
export function usage({ name, call }: Pick<Command, 'name' | 'call'>, problem: string, cause?: unknown): Error {
  return cliErrors.USAGE({ command: name, problem, ...(call === undefined ? {} : { call }) }, { cause });
}

/** The text of `smallboat <command> --help`. */
export function helpOf(
  command: Pick<Command, 'name' | 'call' | 'summary' | 'example' | 'positionals' | 'flags'>,
): string {
  const places = (command.positionals ?? []).map((name) => ` <${name}>`).join('');
  const rows = Object.entries(command.flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
    return [`  ${short}--${name}${flag.type === 'string' ? ' …' : ''}`, flag.help] as const;
  });
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 2;
  return [
    `${command.call ?? `smallboat ${command.name}`}${places} [flags]`,
    '',
    command.summary,
    ...(rows.length > 0 ? ['', ...rows.map(([left, help]) => left.padEnd(width) + help)] : []),
    '',
    `Example: ${command.example}`,
  ].join('\n');
}

async function configuredFlags(names: readonly ('home' | 'warehouse')[], io: Io): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  const { loadSettings } = await import('../config/index.ts');
  const settings = await loadSettings({ folder: io.cwd, env: io.env });
  return Object.fromEntries(
    names.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]] as const])),
  );
}

function parseFlags<S extends ArgsSchema>(
  command: Command<S>,
  argv: readonly string[],
  configured: Readonly<Record<string, string>>,
): ArgsOf<S> {
  const fail = (problem: string, cause?: unknown): never => {
    throw usage(command, problem, cause);
  };
  const names = command.positionals ?? [];
  let given: Record<string, unknown> = {};
  try {
    const options = Object.fromEntries(
      Object.entries(command.flags).map(([name, { type, short, multiple }]) => [
        name,
        { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) },
      ]),
    );
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: names.length > 0 });
    if (positionals.length > names.length) return fail(`Unexpected argument '${positionals[names.length] ?? ''}'`);
    given = { ...configured, ...values, ...Object.fromEntries(positionals.map((value, i) => [names[i], value])) };
  } catch (error) {
    if (cliErrors.USAGE.is(error)) throw error;
    const message = messageOf(error);
    const [, unknown] = /^Unknown option '--?([^']+)'/.exec(message) ?? [];
    if (unknown === undefined) return fail(message.replace(/\.$/, ''), error);
    const guess = nearest(unknown, Object.keys(command.flags));
    return fail(`Unknown option '--${unknown}'${guess === undefined ? '' : `, perhaps --${guess}`}`, error);
  }
  const parsed = command.schema.safeParse(given);
  if (parsed.success) return parsed.data as ArgsOf<S>; // What its own schema gives.
  const name = (key: PropertyKey | undefined): string =>
    names.includes(String(key)) ? `<${String(key)}>` : `--${String(key)}`;
  return fail(parsed.error.issues.map((i) => `${name(i.path[0])}: ${i.message}`).join('; '), parsed.error);
}
