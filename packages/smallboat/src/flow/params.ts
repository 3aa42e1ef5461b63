import { isDeepStrictEqual } from 'node:util';
import { defineErrors } from '../kernel/index.ts';
import type { Params } from './compose/flow.ts';
import { isFileParam, readFileParam } from './file-param.ts';

export const paramErrors = defineErrors({
  PARAM_INVALID: (f: { flow: string; param: string; problem: string }) =>
    `Parameter '${f.param}' of flow '${f.flow}' is wrong: ${f.problem}. Give it with --${flagOf(f.param)}.`,
  PARAM_UNKNOWN: (f: { flow: string; param: string; known: string }) =>
    `Flow '${f.flow}' has no parameter '${f.param}'. It has: ${f.known || 'none'}.`,
  PARAMS_CHANGED: (f: { flow: string; run: string; param: string; was: unknown; now: unknown }) =>
    `Run ${f.flow}/${f.run} was made with ${f.param} = ${JSON.stringify(f.was)}, not ${JSON.stringify(f.now)}. A resumed run keeps its parameters: leave the flag out, or start a new run with 'smallboat run'.`,
});

/** A flow's parameters, and where the paths of files among them lead from. */
export interface Parameters {
  readonly flow: string;
  readonly params: Params;
  readonly cwd: string;
}

/**
 * Checks parameters, fills in defaults, and reads files. Rejects with `PARAM_UNKNOWN`, `PARAM_INVALID` and `PARAM_FILE_UNREADABLE`, for the
 * first that is wrong.
 */
export async function parseParams(
  of: Parameters,
  given: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const { flow, params } = of;
  for (const param of Object.keys(given)) {
    if (!(param in params)) throw paramErrors.PARAM_UNKNOWN({ flow, param, known: Object.keys(params).join(', ') });
  }
  const values: Record<string, unknown> = {};
  for (const param of Object.keys(params)) values[param] = await parseOne(of, param, given[param]);
  return values;
}

/** Rejects with `PARAMS_CHANGED` where one of the given parameters is not what the run was made with. */
export async function checkUnchanged(
  of: Parameters & { readonly run: string },
  stored: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { flow, params, run } = of;
  for (const [param, value] of Object.entries(given)) {
    if (!params[param]) throw paramErrors.PARAM_UNKNOWN({ flow, param, known: Object.keys(params).join(', ') });
    const now = await parseOne(of, param, value);
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

async function parseOne({ flow, params, cwd }: Parameters, param: string, value: unknown): Promise<unknown> {
  const schema = params[param];
  const fail = (problem: string, cause?: unknown): never => {
    throw paramErrors.PARAM_INVALID({ flow, param, problem }, { cause });
  };
  if (isFileParam(schema)) {
    const path = value ?? schema.default;
    if (path === undefined) return fail('it has no default and was not given');
    if (typeof path !== 'string') return fail('it takes the path of a file');
    return readFileParam(param, schema, { path, cwd });
  }
  const parsed = await schema?.safeParseAsync(value);
  if (!parsed) return undefined;
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problem = issues
    .map((issue) => (issue.path.length > 0 ? `${issue.message} at ${issue.path.join('.')}` : issue.message))
    .join('; ');
  return fail(value === undefined ? 'it has no default and was not given' : problem, parsed.error);
}
