import type { SessionEvent } from '../features/index.ts';
import { ACTIONS, TOKENS, VOCABULARY_SIZE } from '../features/index.ts';
import { requestErrors, shown } from './refusals.ts';

const EXPECTED =
  '{"instances":[["view","detail","add"]]}: for each session a list of actions, or of one-hot rows of 7, or of events as {"action":"add","at":1477029499943,"url":"…","product":"…"}';

/** One session of a request. */
export interface Instance {
  readonly events: readonly SessionEvent[];
  /** What the shop calls the session: kept in the prediction log, so that purchases find it. At most 512 characters. */
  readonly session?: string;
}

/**
 * The sessions of a `POST /invocations`. An instance is a list of events, or an object with a list named `events` and perhaps the session's name, `sessionId`. An event is
 * an action, an object that says more of it (`SessionEvent`), or what the original project's function sent: a one-hot row over
 * start, end, add, remove, purchase, detail, view. Of those, a start, an end and all-zero rows (padding) are no events; the
 * endpoint adds start and end itself, as the model's rule has it.
 *
 * @throws BODY_INVALID, TOO_MANY_INSTANCES
 */
export function readInstances(body: unknown, limit: number): readonly Instance[] {
  const instances = isRecord(body) ? body['instances'] : undefined;
  if (!Array.isArray(instances)) {
    throw requestErrors.BODY_INVALID({ problem: 'there is no list named "instances"', expected: EXPECTED });
  }
  if (instances.length === 0) {
    throw requestErrors.BODY_INVALID({ problem: '"instances" is empty', expected: EXPECTED });
  }
  if (instances.length > limit) throw requestErrors.TOO_MANY_INSTANCES({ instances: instances.length, limit });
  return instances.map((instance: unknown, i) => {
    const list = isRecord(instance) ? instance['events'] : instance;
    if (!Array.isArray(list)) throw invalid(`instance ${i + 1} is ${describe(instance)}, not a list`);
    const events = list.flatMap((event: unknown, j) => readEvent(event, `event ${j + 1} of instance ${i + 1}`));
    const session = isRecord(instance) ? instance['sessionId'] : undefined;
    return {
      events,
      ...(session === undefined ? {} : { session: sessionName(session, `'sessionId' of instance ${i + 1}`) }),
    };
  });
}

/** The name of a session. Throws `BODY_INVALID`. */
function sessionName(session: unknown, place: string): string {
  if (typeof session === 'string' && session !== '' && session.length <= LONGEST) return session;
  throw invalid(`${place} is ${describe(session)}, no text of 1 to ${LONGEST} characters`);
}

/** An event in a list, or an empty list for a row that is no event. */
function readEvent(event: unknown, place: string): readonly SessionEvent[] {
  if (typeof event === 'string') return [{ action: event }];
  if (isRecord(event)) return [readRecord(event, place)];
  if (!Array.isArray(event)) throw invalid(`${place} is ${describe(event)}, neither an action nor a one-hot row`);
  const ones = event.filter((x) => x === 1).length;
  const zeros = event.filter((x) => x === 0).length;
  if (event.length !== VOCABULARY_SIZE || ones + zeros !== VOCABULARY_SIZE || ones > 1) {
    throw invalid(`${place} is a row that is not one-hot over ${VOCABULARY_SIZE} tokens`);
  }
  const token = event.indexOf(1);
  if (token === -1 || token === TOKENS.start || token === TOKENS.end) return [];
  return ACTIONS.filter((action) => TOKENS[action] === token).map((action) => ({ action }));
}

/** Fields that an event may have beside its action; what else it has is refused, so that a misspelt one is not lost. */
const FIELDS = ['action', 'at', 'url', 'product'];
/** Characters of a page, a product or a session's name at most; their hashes have 64. */
export const LONGEST = 512;

function readRecord(event: Readonly<Record<string, unknown>>, place: string): SessionEvent {
  const { action, at, url, product } = event;
  if (typeof action !== 'string') throw invalid(`${place} has ${describe(action)} for its action`);
  const strange = Object.keys(event).find((name) => !FIELDS.includes(name));
  if (strange !== undefined) throw invalid(`${place} has a field '${shown(strange)}'`);
  // Times in seconds or in text are the mistakes to expect: a day of 1970 is no time of a shop.
  if (at !== undefined && at !== null && !(typeof at === 'number' && Number.isFinite(at) && at >= 86_400_000)) {
    throw invalid(`${place} has ${describe(at)} for 'at', which is not in ms since 1970`);
  }
  const text = (name: 'url' | 'product', value: unknown): string | undefined => {
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string' && value.length <= LONGEST) return value;
    throw invalid(`${place} has ${describe(value)} for '${name}', which is no text of at most ${LONGEST} characters`);
  };
  const [page, sku] = [text('url', url), text('product', product)];
  return {
    action,
    ...(typeof at === 'number' ? { at } : {}),
    ...(page === undefined ? {} : { url: page }),
    ...(sku === undefined ? {} : { product: sku }),
  };
}

/** True for an object of JSON. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(problem: string): Error {
  return requestErrors.BODY_INVALID({ problem, expected: EXPECTED });
}

function describe(value: unknown): string {
  return shown(JSON.stringify(value) ?? 'undefined');
}
