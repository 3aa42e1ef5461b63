import { checkpointFileErrors } from './errors.ts';

/** Where `${NAME}` of a project's files is looked up. */
export interface Variables {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A value with `${NAME}`, and `$NAME` alone, replaced in its texts. `\$` stands for a dollar. Throws `CHECKPOINT_VARIABLE_MISSING`. */
export function withVariables<T>(value: T, variables: Variables): T {
  return replaced(value, variables) as T; // the same shape, with other leaves
}

function replaced(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return inText(value, variables);
  if (Array.isArray(value)) return value.map((item: unknown) => replaced(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [key, replaced(item, variables)]),
  );
}

function inText(text: string, { path, values }: Variables): unknown {
  const alone = /^\$(?:\{(\w+)\}|([A-Za-z_]\w*))$/.exec(text);
  if (alone !== null) return valueOf(alone[1] ?? alone[2] ?? '', { path, values });
  return text.replace(/\\\$|\$\{(\w+)\}/g, (_, name: string | undefined) =>
    name === undefined ? '$' : String(valueOf(name, { path, values })),
  );
}

function valueOf(variable: string, { path, values }: Variables): unknown {
  const value = values[variable];
  if (value === undefined) throw checkpointFileErrors.CHECKPOINT_VARIABLE_MISSING({ path, variable });
  return value;
}
