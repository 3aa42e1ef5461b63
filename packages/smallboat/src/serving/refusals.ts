import { tokenErrors } from '../features/index.ts';
import type { SmallboatError } from '../kernel/index.ts';
import { defineErrors } from '../kernel/index.ts';

/** What the endpoint answers a client who asked for something it cannot do. None of them is a fault of the endpoint. */
export const requestErrors = defineErrors({
  QUERY_INVALID: (f: { problem: string }) =>
    `${f.problem}. Ask for /predict?session=view,detail,add: one session, its actions in order.`,
  SESSION_EMPTY: (f: { place: string }) =>
    `${f.place} has no action. Give at least one of what the shopper did, as in view,detail,add.`,
  SESSION_TOO_LONG: (f: { place: string; events: number; limit: number }) =>
    `${f.place} has ${f.events} events; at most ${f.limit} are taken. Send the last ${f.limit}: the model looks at the most recent ones only.`,
  TOO_MANY_INSTANCES: (f: { instances: number; limit: number }) =>
    `The body has ${f.instances} instances; at most ${f.limit} are taken in one request. Send them in several.`,
  BODY_TOO_LARGE: (f: { limit: number }) =>
    `The body is larger than ${f.limit} bytes. Send fewer sessions in one request.`,
  BODY_NOT_JSON: (f: { problem: string }) =>
    `The body is not JSON (${f.problem}). Send UTF-8 JSON, as {"instances":[["view","detail","add"]]}.`,
  BODY_INVALID: (f: { problem: string; expected: string }) =>
    `The body does not fit: ${f.problem}. Send ${f.expected}.`,
  CONTENT_TYPE_UNSUPPORTED: (f: { type: string }) =>
    `The body comes as '${f.type}'. Send JSON, with the header Content-Type: application/json; /invocations also takes text/csv and application/jsonlines.`,
  PATH_UNKNOWN: (f: { path: string; known: string }) => `There is no ${f.path} here; there are ${f.known}.`,
  METHOD_NOT_ALLOWED: (f: { method: string; path: string; allow: string }) =>
    `${f.path} does not take ${f.method}. Use ${f.allow}.`,
  URL_TOO_LONG: (f: { length: number; limit: number }) =>
    `The path and query have ${f.length} characters; at most ${f.limit} are taken. Use POST /invocations for long sessions.`,
  KEY_MISSING: (f: { scope: string }) =>
    `This needs a key that may '${f.scope}'. Send it as 'Authorization: Bearer <key>', or as X-API-Key.`,
  KEY_UNKNOWN: (f: { scope: string }) =>
    `The key is not known here, or no longer good. Ask whoever runs the endpoint for one that may '${f.scope}'.`,
  KEY_SCOPE_MISSING: (f: { name: string; scope: string }) =>
    `The key '${f.name}' may not '${f.scope}'. Ask whoever runs the endpoint for one that may.`,
  OVERLOADED: (f: { behindMs: number; limitMs: number }) =>
    `More is asked than the endpoint can answer (it is ${f.behindMs} ms behind, and refuses from ${f.limitMs} ms on or when too many bodies come at once). Ask again in a second.`,
  UPSTREAM_FAILED: (f: { endpoint: string; problem: string }) =>
    `The endpoint ${f.endpoint} behind this one gave no predictions (${f.problem}). Ask again; its own log has the cause.`,
  MODEL_CHANGE_REFUSED: (f: { problem: string }) => `The model is not changed: ${f.problem}. The one in use goes on.`,
  FEEDBACK_NOT_KEPT: (f: { endpoint: string }) =>
    `Endpoint ${f.endpoint} keeps no prediction log, and so no feedback. Start it with one (smallboat serve --log <folder>).`,
});

/** The HTTP status of each refusal. */
const STATUS: Readonly<Record<string, number>> = {
  [tokenErrors.UNKNOWN_ACTION.code]: 400,
  QUERY_INVALID: 400,
  SESSION_EMPTY: 400,
  SESSION_TOO_LONG: 413,
  TOO_MANY_INSTANCES: 413,
  BODY_TOO_LARGE: 413,
  BODY_NOT_JSON: 400,
  BODY_INVALID: 400,
  CONTENT_TYPE_UNSUPPORTED: 415,
  PATH_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  URL_TOO_LONG: 414,
  KEY_MISSING: 401,
  KEY_UNKNOWN: 401,
  KEY_SCOPE_MISSING: 403,
  OVERLOADED: 503,
  UPSTREAM_FAILED: 502,
  MODEL_CHANGE_REFUSED: 409,
  FEEDBACK_NOT_KEPT: 404,
};

/** The status for an error that is the client's; undefined for one that is ours. */
export function refusalStatus(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? STATUS[error.code] : undefined;
}

/** The body of a refusal: a code for programs, a reason for people. */
export function refusalBody({ code, message }: Pick<SmallboatError, 'code' | 'message'>): string {
  return JSON.stringify({ error: code, reason: message });
}

/** A value from a request as a message may show it: short, on one line. */
export function shown(value: string): string {
  const flat = value.replaceAll(/\p{Cc}/gu, '\uFFFD');
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat;
}
