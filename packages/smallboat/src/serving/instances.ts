import { ACTIONS, TOKENS, VOCABULARY_SIZE } from '../features/index.ts';
import { requestErrors, shown } from './refusals.ts';

const EXPECTED = '{"instances":[["view","detail","add"]]}: for each session a list of actions, or of one-hot rows of 7';

/**
 * The sessions of a `POST /invocations`, as lists of actions. An instance is a list of actions, or what the original project's
 * function sent: one-hot rows over start, end, add, remove, purchase, detail, view. Of those, a start, an end and all-zero
 * rows (padding) are no events; the endpoint adds start and end itself, as the model's rule has it.
 *
 * @throws BODY_INVALID, TOO_MANY_INSTANCES
 */
export function readInstances(body: unknown, limit: number): readonly (readonly string[])[] {
  const instances = isRecord(body) ? body['instances'] : undefined;
  if (!Array.isArray(instances)) {
    throw requestErrors.BODY_INVALID({ problem: 'there is no list named "instances"', expected: EXPECTED });
  }
  if (instances.length === 0) {
    throw requestErrors.BODY_INVALID({ problem: '"instances" is empty', expected: EXPECTED });
  }
  if (instances.length > limit) throw requestErrors.TOO_MANY_INSTANCES({ instances: instances.length, limit });
  return instances.map((instance: unknown, i) => {
    if (!Array.isArray(instance)) throw invalid(`instance ${i + 1} is ${describe(instance)}, not a list`);
    return instance.flatMap((event: unknown, j) => readEvent(event, `event ${j + 1} of instance ${i + 1}`));
  });
}

/** An event's action in a list, or an empty list for a row that is no event. */
function readEvent(event: unknown, place: string): readonly string[] {
  if (typeof event === 'string') return [event];
  if (!Array.isArray(event)) throw invalid(`${place} is ${describe(event)}, neither an action nor a one-hot row`);
  const ones = event.filter((x) => x === 1).length;
  const zeros = event.filter((x) => x === 0).length;
  if (event.length !== VOCABULARY_SIZE || ones + zeros !== VOCABULARY_SIZE || ones > 1) {
    throw invalid(`${place} is a row that is not one-hot over ${VOCABULARY_SIZE} tokens`);
  }
  const token = event.indexOf(1);
  if (token === -1 || token === TOKENS.start || token === TOKENS.end) return [];
  return ACTIONS.filter((action) => TOKENS[action] === token);
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
