import * as z from 'zod';
import { flagOf } from '../flow/index.ts';

/** What the command line knows of a parameter: how its text becomes what the schema takes. */
export interface ParamShape {
  readonly name: string;
  readonly flag: string;
  readonly type: 'string' | 'number' | 'boolean' | 'json' | 'list';
  /** Type of a list's elements. */
  readonly of: 'string' | 'number' | 'json';
  /** What it is for, and what it may be; empty where nothing is said of it. */
  readonly about: string;
  /** As text; undefined where it has to be given. */
  readonly default?: string;
  /** Both, for `--help`. */
  readonly help: string;
}

const JsonSchema = z.looseObject({
  type: z.string().optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  items: z.looseObject({ type: z.string().optional() }).optional(),
});

/** Reads a parameter's shape from its schema. */
export function paramShape(name: string, schema: z.ZodType): ParamShape {
  const json = JsonSchema.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const about = said([json.description ?? '', json.enum ? `one of ${json.enum.map(String).join(', ')}` : '']);
  const isOptional = schema.safeParse(undefined).success;
  const text = typeof json.default === 'string' ? json.default : (JSON.stringify(json.default) ?? '');
  const given = isOptional ? (text === '' ? '' : `(default ${text})`) : '(required)';
  return {
    name,
    flag: flagOf(name),
    type: json.type === 'array' ? 'list' : json.type === 'boolean' ? 'boolean' : scalar(json.type),
    of: scalar(json.items?.type),
    about,
    ...(isOptional ? { default: text } : {}),
    help: said([about, given, json.type === 'array' ? 'may be repeated' : '']),
  };
}

function said(words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ');
}

function scalar(type: string | undefined): 'string' | 'number' | 'json' {
  return type === 'string' ? 'string' : type === 'number' || type === 'integer' ? 'number' : 'json';
}
