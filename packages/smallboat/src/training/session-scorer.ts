import type { Column, EncodedSession, FeatureSet, SequenceRule, SessionEvent } from '../features/index.ts';
import { MAX_EVENTS, TOKENS, VOCABULARY_SIZE, sessionEncoder } from '../features/index.ts';
import type { NetworkKernel, TrieArrays } from './kernel/network-kernel.ts';
import { scoreWith } from './score-lstm.ts';
import type { Sequences } from './sequences.ts';
import { sequenceErrors } from './sequences.ts';
import { rowWriter } from './trie-loader.ts';

/** A session that is under way, with the network's state after its last event. */
export interface LiveSession {
  /**
   * Takes one event more. @returns the probability of a purchase after it, equal to that of the whole session up to it.
   *
   * @throws UNKNOWN_ACTION; the session stays as it was
   */
  add(event: SessionEvent): number;
  /** Events so far. */
  readonly events: number;
}

export interface SessionScorer {
  readonly predict: (sessions: readonly (Uint8Array | EncodedSession)[]) => Float32Array;
  readonly live: () => LiveSession;
}

/** From this many sessions on it pays to compute shared prefixes once. */
const MANY = 16;

/** Scores sessions one at a time, many together, or event by event, on one kernel. */
export function sessionScorer(
  kernel: NetworkKernel,
  { rule, features }: { readonly rule: SequenceRule; readonly features?: FeatureSet },
): SessionScorer {
  const { columns = [] } = kernel.form;
  const width = columns.length;
  const write = width === 0 ? undefined : rowWriter(columns);
  // Kept, so that scoring one session makes no garbage.
  const place: { rows: Uint8Array; at: number } = { rows: new Uint8Array(), at: 0 };
  let tokens: Uint8Array = new Uint8Array();
  let rows: Uint8Array | undefined;
  const writeSession = (arrays: TrieArrays): void => {
    arrays.tokens.set(tokens);
    if (write === undefined) return;
    for (let n = 0; n < tokens.length; n++) {
      if (n === 0 || rows === undefined) {
        write(arrays, n);
        continue;
      }
      place.rows = rows;
      place.at = (n - 1) * width;
      write(arrays, n, place);
    }
  };
  const scoreOne = (session: Uint8Array | EncodedSession, index: number): number => {
    tokens = session instanceof Uint8Array ? session : session.tokens;
    rows = session instanceof Uint8Array ? undefined : session.rows;
    checkSession({ tokens, ...(rows === undefined ? {} : { rows }) }, index, columns);
    return kernel.scoreOne(tokens.length, writeSession);
  };
  return {
    predict(sessions) {
      const scores = new Float32Array(sessions.length);
      if (sessions.length < MANY) {
        for (let i = 0; i < sessions.length; i++) scores[i] = scoreOne(sessions[i] ?? new Uint8Array(), i);
        return scores;
      }
      return scoreWith(kernel, together(sessions, columns));
    },
    live: () => liveSession(kernel, { rule, ...(features === undefined ? {} : { features }) }),
  };
}

/** What would read memory that is not the model's, or mean something else than in training, is refused. */
function checkSession({ tokens, rows }: EncodedSession, index: number, columns: readonly Column[]): void {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? 0;
    if (token >= VOCABULARY_SIZE) {
      throw sequenceErrors.SEQUENCE_TOKEN_UNKNOWN({ token, sequence: index, vocabulary: VOCABULARY_SIZE });
    }
  }
  if (rows === undefined) return;
  const width = columns.length;
  const events = Math.max(0, tokens.length - 1);
  if (rows.length !== events * width) {
    throw sequenceErrors.SEQUENCES_UNLIKE({
      problem: `session ${index} has ${events} events and ${rows.length} bytes of rows, not ${events * width}`,
    });
  }
  for (let c = 0; c < width; c++) {
    const column = columns[c];
    if (column?.kind !== 'category') continue;
    for (let at = c; at < rows.length; at += width) {
      const value = rows[at] ?? 0;
      if (value >= column.size) {
        const event = (at - c) / width;
        throw sequenceErrors.SEQUENCE_VALUE_UNKNOWN({ column: column.name, value, event, size: column.size });
      }
    }
  }
}

/** Sessions in one buffer. Where some have no rows, theirs are "not known". */
function together(sessions: readonly (Uint8Array | EncodedSession)[], columns: readonly Column[]): Sequences {
  const offsets = new Uint32Array(sessions.length + 1);
  const all = sessions.map((session) => (session instanceof Uint8Array ? { tokens: session } : session));
  for (const [i, { tokens }] of all.entries()) offsets[i + 1] = (offsets[i] ?? 0) + tokens.length;
  const tokens = new Uint8Array(offsets[sessions.length] ?? 0);
  for (const [i, session] of all.entries()) tokens.set(session.tokens, offsets[i]);
  if (columns.length === 0) return { tokens, offsets };
  const first = new Uint32Array(sessions.length);
  let events = 0;
  for (const [i, session] of all.entries()) {
    first[i] = events;
    events += Math.max(0, session.tokens.length - 1);
  }
  const rows = new Uint8Array(events * columns.length);
  for (const [i, session] of all.entries()) {
    checkSession(session, i, columns);
    if (session.rows !== undefined) rows.set(session.rows, (first[i] ?? 0) * columns.length);
  }
  return { tokens, offsets, context: { columns, rows, first } };
}

/**
 * A session event by event. Up to `maxEvents` an event is one step of the network; from then on the model sees the last `maxEvents` only,
 * and they are gone through again: still a bounded cost.
 */
function liveSession(
  kernel: NetworkKernel,
  { rule, features }: { readonly rule: SequenceRule; readonly features?: FeatureSet },
): LiveSession {
  const { columns = [] } = kernel.form;
  const width = columns.length;
  const write = width === 0 ? undefined : rowWriter(columns);
  const { maxEvents = MAX_EVENTS, protocol = 'decision-points' } = rule;
  const going = sessionEncoder(rule, features).begin();
  const state = new Float32Array(kernel.stateLength);
  const place = { rows: new Uint8Array(width), at: 0 };
  let token: number = TOKENS.start;
  const writeStart = (arrays: TrieArrays): void => {
    arrays.tokens[0] = token;
    write?.(arrays, 0);
  };
  const writeEvent = (arrays: TrieArrays): void => {
    arrays.tokens[0] = token;
    write?.(arrays, 0, place);
  };
  kernel.advance(state, writeStart);
  /** The last events, round and round. */
  const kept = { tokens: new Uint8Array(maxEvents), rows: new Uint8Array(maxEvents * width) };
  let events = 0;
  return {
    get events() {
      return events;
    },
    add(event) {
      token = going.next(event, place.rows);
      const at = events % maxEvents;
      kept.tokens[at] = token;
      kept.rows.set(place.rows, at * width);
      events++;
      if (events <= maxEvents && protocol === 'decision-points') return kernel.advance(state, writeEvent);
      const first = Math.max(0, events - maxEvents);
      state.fill(0);
      token = TOKENS.start;
      let probability = kernel.advance(state, writeStart);
      for (let i = first; i < events; i++) {
        const from = i % maxEvents;
        token = kept.tokens[from] ?? 0;
        place.rows.set(kept.rows.subarray(from * width, (from + 1) * width));
        probability = kernel.advance(state, writeEvent);
      }
      if (protocol === 'decision-points') return probability;
      token = TOKENS.end;
      const after = state.slice();
      return kernel.advance(after, writeStart);
    },
  };
}
