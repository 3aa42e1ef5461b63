import type { z } from 'zod';
import { type Flow, isFileParam } from '../flow/index.ts';
import { scheduleErrors } from './cron.ts';

/** JSON Schema of one parameter, with its default where it has one. */
export type ParameterSchema = Readonly<Record<string, unknown>> & { readonly default?: unknown };

export interface ParametersSchema {
  readonly properties: Readonly<Record<string, ParameterSchema>>;
  /** Names of those without a default. */
  readonly required: readonly string[];
}

/** The parameters of a flow as JSON Schema, for engines that ask people for them. What has no such schema is taken as it is given. */
async function parameterSchema({ params }: Flow): Promise<ParametersSchema> {
  const { toJSONSchema } = await import('zod');
  const properties: Record<string, ParameterSchema> = {};
  const required: string[] = [];
  for (const [name, schema] of Object.entries(params)) {
    if (isFileParam(schema)) {
      properties[name] = {
        type: 'string',
        title: name,
        ...(schema.default === undefined ? {} : { default: schema.default }),
      };
      if (schema.default === undefined) required.push(name);
      continue;
    }
    const { $schema: _, ...said } = toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<
      string,
      unknown
    >; // A schema is an object.
    properties[name] = { title: name, ...said };
    if (!('default' in said) && !isOptional(schema)) required.push(name);
  }
  return { properties, required };
}

/** The same, for a deployment. Throws `SCHEDULE_NEEDS_DEFAULTS` where it starts by itself and would lack a parameter. */
export async function startableSchema(flow: Flow): Promise<ParametersSchema> {
  const schema = await parameterSchema(flow);
  const { schedule, trigger } = flow.options;
  if ((schedule ?? trigger) !== undefined && schema.required.length > 0) {
    throw scheduleErrors.SCHEDULE_NEEDS_DEFAULTS({ flow: flow.name, params: schema.required.join(', ') });
  }
  return schema;
}

function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}
