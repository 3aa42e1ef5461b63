import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import { type Flow, flagOf, paramErrors } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';
import { type Command, type Flag, cliErrors, usage } from './command.ts';

/** What the command line knows of a parameter: how its text becomes what the schema takes. */
interface ParamShape {
  readonly name: string;
  readonly flag: string;
  readonly type: 'string' | 'number' | 'boolean' | 'json' | 'list';
  /** Type of a list's elements. */
  readonly of: 'string' | 'number' | 'json';
  readonly help: string;
}

/** The flags that a flow's parameters give, and the way back from their text to the parameters' values. */
export interface FlowFlags {
  readonly flags: Readonly<Record<string, Flag>>;
  /** Adds to the command's own schema what the flags may hold; the flow's schemas check it later. */
  readonly shape: Readonly<Record<string, z.ZodType>>;
  /** `--learningRate` as `--learning-rate`. */
  readonly rename: (argv: readonly string[]) => string[];
  /** Values by parameter, from a file of them and the flags over it. */
  values(args: Readonly<Record<string, unknown>>, io: Io): Promise<Record<string, unknown>>;
}

/** Flags of `smallboat run` for the parameters of a flow. */
export function flowFlags(flow: Flow, command: string): FlowFlags {
  const shapes = Object.entries(flow.params)
    .filter(([name]) => name !== 'home')
    .map(([name, schema]) => shapeOf(name, schema));
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
    shape: Object.fromEntries(Object.keys(flags).map((flag) => [flag, z.unknown().optional()])),
    rename: (argv) =>
      argv.map((arg) => {
        const written = shapes.find(({ name }) => arg === `--${name}` || arg.startsWith(`--${name}=`));
        return written ? `--${written.flag}${arg.slice(written.name.length + 2)}` : arg;
      }),
    async values(args, io) {
      const file = typeof args['params'] === 'string' ? args['params'] : undefined;
      const values: Record<string, unknown> =
        file === undefined ? {} : await readParams(resolve(io.cwd, file), command);
      for (const shape of shapes) {
        const given = args[shape.flag];
        if (given !== undefined) values[shape.name] = valueOf(given, shape);
        if (args[`no-${shape.flag}`] === true) values[shape.name] = false;
      }
      return values;
    },
  };
}

/** Tells a wrong parameter as a wrong call, which exits with 2. */
export async function tellingUsage<T>(
  command: Pick<Command<z.ZodObject>, 'name' | 'call'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (paramErrors.PARAM_INVALID.is(error)) {
      const { param, problem } = error.facts;
      throw usage(command, `--${flagOf(param)}: ${problem}`, error);
    }
    if (paramErrors.PARAM_UNKNOWN.is(error) || paramErrors.PARAMS_CHANGED.is(error)) {
      throw usage(command, error.message.replace(/\.$/, ''), error);
    }
    throw error;
  }
}

async function readParams(path: string, command: string): Promise<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    return z.record(z.string(), z.unknown()).parse(parsed);
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? 'it is not an object of values by name' : (cause as Error).message; // readFile and JSON.parse throw errors.
    throw cliErrors.USAGE({ command, problem: `--params: ${path} cannot be used: ${problem}` }, { cause });
  }
}

const JsonSchema = z.looseObject({
  type: z.string().optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  items: z.looseObject({ type: z.string().optional() }).optional(),
});

function shapeOf(name: string, schema: z.ZodType): ParamShape {
  const json = JsonSchema.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const words = [
    json.description ?? '',
    json.enum ? `one of ${json.enum.map(String).join(', ')}` : '',
    schema.safeParse(undefined).success
      ? json.default === undefined || json.default === ''
        ? ''
        : `(default ${typeof json.default === 'string' ? json.default : JSON.stringify(json.default)})`
      : '(required)',
    json.type === 'array' ? 'may be repeated' : '',
  ];
  return {
    name,
    flag: flagOf(name),
    type: json.type === 'array' ? 'list' : json.type === 'boolean' ? 'boolean' : scalar(json.type),
    of: scalar(json.items?.type),
    help: words.filter((w) => w !== '').join(' '),
  };
}

function scalar(type: string | undefined): 'string' | 'number' | 'json' {
  return type === 'string' ? 'string' : type === 'number' || type === 'integer' ? 'number' : 'json';
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
