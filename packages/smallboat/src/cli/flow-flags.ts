import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Flow, fileParamErrors, flagOf, isFileParam, paramErrors } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';
import { type Command, type Flag, cliErrors, usage } from './command.ts';
import type { ParamShape } from './param-shape.ts';

/** The flags that a flow's parameters give, and the way back from their text to the parameters' values. */
export interface FlowFlags {
  readonly flags: Readonly<Record<string, Flag>>;
  /** `--learningRate` as `--learning-rate`. */
  readonly rename: (argv: readonly string[]) => string[];
  /** Values by parameter: from the environment, over it a file of them, over both the flags. */
  values(args: Readonly<Record<string, unknown>>, io: Io): Promise<Record<string, unknown>>;
}

/** Flags of `smallboat run` for the parameters of a flow. */
export async function flowFlags(flow: Flow, command: string): Promise<FlowFlags> {
  const shapes = await shapesOf(flow);
  const flags: Record<string, Flag> = {};
  for (const { flag, type, help } of shapes) {
    flags[flag] = {
      type: type === 'boolean' ? 'boolean' : 'string',
      help,
      ...(type === 'list' ? { multiple: true } : {}),
    };
    if (type === 'boolean') flags[`no-${flag}`] = { type: 'boolean', help: `the opposite of --${flag}` };
  }
  return {
    flags,
    rename: (argv) =>
      argv.map((arg) => {
        const written = shapes.find(({ name }) => arg === `--${name}` || arg.startsWith(`--${name}=`));
        return written ? `--${written.flag}${arg.slice(written.name.length + 2)}` : arg;
      }),
    async values(args, io) {
      const file = typeof args['params'] === 'string' ? args['params'] : undefined;
      const values: Record<string, unknown> = fromEnvironment(shapes, io.env);
      if (file !== undefined) Object.assign(values, await readParams(resolve(io.cwd, file), command));
      for (const shape of shapes) {
        const given = args[shape.flag];
        if (given !== undefined) values[shape.name] = valueOf(given, shape);
        if (args[`no-${shape.flag}`] === true) values[shape.name] = false;
      }
      return values;
    },
  };
}

/** `METAFLOW_RUN_LEARNING_RATE=0.1`, as Metaflow has it, or SMALLBOAT_PARAM_LEARNING_RATE. */
function fromEnvironment(shapes: readonly ParamShape[], env: Io['env']): Record<string, unknown> {
  const given = shapes.flatMap((shape) => {
    const name = shape.flag.replaceAll('-', '_').toUpperCase();
    const text = env[`SMALLBOAT_PARAM_${name}`] ?? env[`METAFLOW_RUN_${name}`];
    if (text === undefined) return [];
    const value = shape.type === 'list' || shape.type === 'boolean' ? convert(text, 'json') : convert(text, shape.type);
    return [[shape.name, value] as const];
  });
  return Object.fromEntries(given);
}

/** What the command line knows of a flow's parameters. A flow without any has not loaded zod, and its run does not need it. */
export async function shapesOf({ params }: Flow): Promise<readonly ParamShape[]> {
  const own = Object.entries(params).filter(([name]) => name !== 'home');
  const { paramShape } = own.some(([, schema]) => !isFileParam(schema)) ? await import('./param-shape.ts') : {};
  return own.flatMap(([name, schema]) => {
    if (!isFileParam(schema)) return paramShape ? [paramShape(name, schema)] : [];
    const words = [
      schema.about ?? '',
      'a file',
      schema.default === undefined ? '(required)' : `(default ${schema.default})`,
    ];
    const help = words.filter((word) => word !== '').join(' ');
    const shown = schema.default === undefined ? {} : { default: schema.default };
    const about = words
      .slice(0, 2)
      .filter((word) => word !== '')
      .join(' ');
    return [{ name, flag: flagOf(name), type: 'string', of: 'string', about, ...shown, help } as const];
  });
}

/** Tells a wrong parameter as a wrong call, which exits with 2. */
export async function tellingUsage<T>(command: Pick<Command, 'name' | 'call'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (paramErrors.PARAM_INVALID.is(error)) {
      const { param, problem } = error.facts;
      throw usage(command, `--${flagOf(param)}: ${problem}`, error);
    }
    if (fileParamErrors.PARAM_FILE_UNREADABLE.is(error)) throw usage(command, error.message.replace(/\.$/, ''), error);
    if (paramErrors.PARAM_UNKNOWN.is(error) || paramErrors.PARAMS_CHANGED.is(error)) {
      throw usage(command, error.message.replace(/\.$/, ''), error);
    }
    throw error;
  }
}

async function readParams(path: string, command: string): Promise<Record<string, unknown>> {
  const fail = (problem: string, cause?: unknown): never => {
    throw cliErrors.USAGE({ command, problem: `--params: ${path} cannot be used: ${problem}` }, { cause });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    return fail((cause as Error).message, cause); // readFile and JSON.parse throw errors.
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return fail('it is not an object of values by name');
  }
  return { ...parsed };
}

function valueOf(given: unknown, { type, of }: ParamShape): unknown {
  if (type === 'list') return Array.isArray(given) ? given.map((text) => convert(String(text), of)) : given;
  return typeof given === 'string' && type !== 'boolean' ? convert(given, type) : given;
}

function convert(text: string, type: 'string' | 'number' | 'json'): unknown {
  if (type === 'string') return text;
  if (type === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not JSON: then it is text, and the schema says whether that will do.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
