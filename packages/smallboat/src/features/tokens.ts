import { defineErrors } from '../kernel/index.ts';

/**
 * What the model sees of a session: one small integer an event, the same numbers as in the original project. This module
 * is the only place that knows them; the dataset reader, the trainer and the endpoint all come here.
 */
export const TOKENS = {
  start: 0,
  end: 1,
  add: 2,
  remove: 3,
  purchase: 4,
  detail: 5,
  view: 6,
  /** Fills the rest of a row where sequences lie in a rectangle; never part of a sequence. */
  padding: 7,
} as const;

/** What a shopper can do, as requests and models name it. */
export type Action = 'add' | 'remove' | 'purchase' | 'detail' | 'view';

/** The actions, in the order of their tokens. */
export const ACTIONS: readonly Action[] = ['add', 'remove', 'purchase', 'detail', 'view'];

/** Number of tokens that a sequence may hold: 0 to 6. A model has one input row for each. */
export const VOCABULARY_SIZE = 7;

/** Events of a session that a model sees at most: the last ones before the decision point. */
export const MAX_EVENTS = 200;

export const tokenErrors = defineErrors({
  UNKNOWN_ACTION: (f: { action: string; place: string; known: string }) =>
    `'${f.action}' (${f.place}) is not an action; known are ${f.known}. Correct it, or map it to one of these where the data is made.`,
});

/** The names under which the data has an action: the warehouse calls a view `pageview`, after its event type. */
const TOKEN_OF_NAME: Readonly<Record<string, number>> = Object.assign(Object.create(null) as Record<string, number>, {
  ...Object.fromEntries(ACTIONS.map((action) => [action, TOKENS[action]])),
  pageview: TOKENS.view,
});

/** Where a token stands, in columns of numbers: an action that nobody knows. */
export const UNKNOWN_TOKEN = 255;

/** Every name that `tokenOf` knows, with its token: for code that must do the same in another language, as SQL. */
export const NAMED_TOKENS: readonly (readonly [name: string, token: number])[] = Object.entries(TOKEN_OF_NAME);

/**
 * The token of an action: 2 to 6.
 *
 * @param place Says in the error where the action stood: `event 3`, `warehouse table public.distinct_events`.
 * @throws UNKNOWN_ACTION. An action that nobody knows never becomes a token of its own.
 */
export function tokenOf(action: string, place = 'event'): number {
  const token = TOKEN_OF_NAME[action];
  if (token === undefined) throw unknownAction(action, place);
  return token;
}

/** The error for an action that has no token. What is longer than 80 characters, or no text, is not repeated in full. */
export function unknownAction(action: string, place: string): Error {
  const flat = action.slice(0, 81).replaceAll(/\p{Cc}/gu, '\uFFFD');
  const shown = flat.length > 80 ? `${flat.slice(0, 79)}…` : flat;
  return tokenErrors.UNKNOWN_ACTION({ action: shown, place, known: ACTIONS.join(', ') });
}

/** The tokens of actions, in their order and without a start: `['view', 'add']` is 6, 2. Places in errors count from 1. */
export function encodeActions(actions: readonly string[]): Uint8Array {
  return Uint8Array.from(actions, (action, i) => tokenOf(action, `event ${i + 1}`));
}
