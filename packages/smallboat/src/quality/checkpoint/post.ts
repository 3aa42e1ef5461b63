import { postJson } from '../../kernel/index.ts';
import type { ActionContext } from './action.ts';
import { actionErrors } from './action-errors.ts';

/** Sends JSON as an action of a checkpoint: see `postJson`. Messages name the host alone. @returns what was done, in words. */
export async function post(
  { name, context }: { readonly name: string; readonly context: Pick<ActionContext, 'fetch' | 'pause'> },
  address: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const posted = await postJson(address, body, { ...context, headers });
  const { host } = posted;
  if (posted.kind === 'told') return `told ${host}`;
  if (posted.kind === 'refused') throw actionErrors.ACTION_REFUSED({ action: name, host, status: posted.status });
  throw actionErrors.ACTION_UNREACHABLE({ action: name, host, problem: posted.problem });
}
