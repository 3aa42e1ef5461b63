import * as z from 'zod';
import { flagOf } from '../flow/index.ts';

/** What the command line knows of a parameter: how its text becomes what the schema takes. */
export interface ParamShape {
  readonly name: string;
  readonly flag: string;
  readonly type: 'string' | 'number' | 'boolean' | 'json' | 'list';
  /** Type of a list's elements. */
  readonly of: 'string' | 'number' | 'json';
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
