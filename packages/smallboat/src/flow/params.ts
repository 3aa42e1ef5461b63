import { isDeepStrictEqual } from 'node:util';
import type * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';
import type { Params } from './compose/flow.ts';

export const paramErrors = defineErrors({
  PARAM_INVALID: (f: { flow: string; param: string; problem: string }) =>
    `Parameter '${f.param}' of flow '${f.flow}' is wrong: ${f.problem}. Give it with --${flagOf(f.param)}.`,
  PARAM_UNKNOWN: (f: { flow: string; param: string; known: string }) =>
    `Flow '${f.flow}' has no parameter '${f.param}'. It has: ${f.known || 'none'}.`,
  PARAMS_CHANGED: (f: { flow: string; run: string; param: string; was: unknown; now: unknown }) =>
    `Run ${f.flow}/${f.run} was made with ${f.param} = ${JSON.stringify(f.was)}, not ${JSON.stringify(f.now)}. A resumed run keeps its parameters: leave the flag out, or start a new run with 'smallboat run'.`,
});

/** Checks parameters and fills in defaults. Throws `PARAM_UNKNOWN` and `PARAM_INVALID`, for the first that is wrong. */
export function parseParams(
  flow: string,
  params: Params,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  for (const param of Object.keys(given)) {
    if (!(param in params)) throw paramErrors.PARAM_UNKNOWN({ flow, param, known: Object.keys(params).join(', ') });
  }
  return Object.fromEntries(
    Object.entries(params).map(([param, schema]) => [param, parseOne(schema, { flow, param, value: given[param] })]),
  );
}

/** Throws `PARAMS_CHANGED` where one of the given parameters is not what the run was made with. */
export function checkUnchanged(
  { flow, params, run }: { readonly flow: string; readonly params: Params; readonly run: string },
  stored: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
): void {
  for (const [param, value] of Object.entries(given)) {
    const schema = params[param];
    if (!schema) throw paramErrors.PARAM_UNKNOWN({ flow, param, known: Object.keys(params).join(', ') });
    const now = parseOne(schema, { flow, param, value });
    const was = stored[param];
    if (!isDeepStrictEqual(now, was)) throw paramErrors.PARAMS_CHANGED({ flow, run, param, was, now });
  }
}

/** `learningRate` → `learning-rate`. */
export function flagOf(param: string): string {
  return param
    .replace(/_/g, '-')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase();
}

function parseOne(
  schema: z.ZodType,
  { flow, param, value }: { readonly flow: string; readonly param: string; readonly value: unknown },
): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem =
    value === undefined
      ? 'it has no default and was not given'
      : parsed.error.issues
          .map((issue) => (issue.path.length > 0 ? `${issue.message} at ${issue.path.join('.')}` : issue.message))
          .join('; ');
  throw paramErrors.PARAM_INVALID({ flow, param, problem }, { cause: parsed.error });
}
