import type { ActionContext } from './actions.ts';
import { actionErrors } from './action-errors.ts';

/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 10_000;
/** Pauses before the second and the third try, in milliseconds. */
const PAUSES = [200, 1000] as const;

/**
 * Sends JSON, up to three times where the other side does not answer or says that it is not ready. The address may hold
 * a secret: messages name the host alone. @returns what was done, in words.
 */
export async function post(
  { name, context }: { readonly name: string; readonly context: Pick<ActionContext, 'fetch' | 'pause'> },
  address: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const host = hostOf(address, name);
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  for (let attempt = 0; ; attempt++) {
    const pause = PAUSES[attempt];
    try {
      const answer = await context.fetch(address, { ...request, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.ok) return `told ${host}`;
      if (pause === undefined || (answer.status < 500 && answer.status !== 429)) {
        throw actionErrors.ACTION_REFUSED({ action: name, host, status: answer.status });
      }
    } catch (cause) {
      if (actionErrors.ACTION_REFUSED.is(cause)) throw cause;
      if (pause === undefined) {
        const problem = cause instanceof Error ? cause.name : 'no answer';
        throw actionErrors.ACTION_UNREACHABLE({ action: name, host, problem });
      }
    }
    await context.pause(pause);
  }
}

function hostOf(address: string, name: string): string {
  try {
    return new URL(address).host;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw actionErrors.ACTION_UNREACHABLE({ action: name, host: 'its address', problem: 'it is no URL' });
  }
}
