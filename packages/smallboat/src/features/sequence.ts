import { MAX_EVENTS, TOKENS, encodeActions } from './tokens.ts';

/**
 * How examples are made of sessions. `decision-points`: what was known at a moment of decision, nothing later. `seed`: as the
 * original project made them, whole sessions between a start and an end, what follows the purchase included: a model
 * trained so sees the future, and is here only to be compared with.
 */
export type Protocol = 'decision-points' | 'seed';

/** What must be equal between training and serving. A model's manifest keeps it. */
export interface SequenceRule {
  /** Default `decision-points`. */
  readonly protocol?: Protocol;
  /** Events kept of a longer session: the last ones. Default 200. */
  readonly maxEvents?: number;
}

/**
 * Writes the sequence that a model sees for `events`: start, the tokens of the last `maxEvents` of them, and an end only
 * in the `seed` protocol. `into` must have room for `events.length + 2` more.
 *
 * @returns the place in `into` after the last token written.
 */
export function writeSequence(into: Uint8Array, at: number, events: Uint8Array, rule: SequenceRule = {}): number {
  const { protocol = 'decision-points', maxEvents = MAX_EVENTS } = rule;
  const kept = events.length > maxEvents ? events.subarray(events.length - maxEvents) : events;
  into[at] = TOKENS.start;
  into.set(kept, at + 1);
  const end = at + 1 + kept.length;
  if (protocol === 'decision-points') return end;
  into[end] = TOKENS.end;
  return end + 1;
}

/**
 * The sequence that a model sees for a shopper's actions so far: what the endpoint hands to the model, equal to what the
 * dataset reader makes of the same events.
 *
 * @throws UNKNOWN_ACTION, naming the action and its place.
 */
export function encodeSession(actions: readonly string[], rule: SequenceRule = {}): Uint8Array {
  const events = encodeActions(actions);
  const into = new Uint8Array(events.length + 2);
  return into.slice(0, writeSequence(into, 0, events, rule));
}
