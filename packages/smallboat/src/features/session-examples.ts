import type { CodedEvent, FeatureName } from './event-features.ts';
import { EventWriter, columnsOf } from './event-features.ts';
import type { Examples } from './examples.ts';
import { DECISION_POINTS } from './examples.ts';
import { Growing } from './growing.ts';
import type { SequenceRule } from './sequence.ts';
import { writeSequence } from './sequence.ts';
import { MAX_EVENTS, TOKENS } from './tokens.ts';

/** Sessions turned into examples, in the order in which they came. */
export interface CollectedSessions {
  readonly examples: Examples;
  /** Time of each session's first add, ms since 1970: one number a cart session, also where it gave no example. */
  readonly firstAdd: Float64Array;
  /** The first example of each session, and at the end the number of examples: sessions + 1 numbers. */
  readonly exampleStart: Uint32Array;
}

/**
 * Turns sessions into examples. Hand in the events of one session after the other, each session's in order of time.
 *
 * `decision-points`: for n of 0, 2, 4, 6, 8, 10, a session with at least n events after its first add gives an example of all
 * events up to the n-th after that add, unless a purchase is among them; the label is whether a purchase follows.
 * `seed`: a session whose first purchase comes after its first add is positive: cut before its second purchase, and the
 * first purchase taken out. A session with an add and no purchase is negative, whole. Others give nothing.
 */
export class SessionExamples {
  readonly #rule: SequenceRule;
  readonly #session = new Growing(Uint8Array, 256);
  readonly #tokens = new Growing(Uint8Array, 1 << 16);
  readonly #offsets = new Growing(Uint32Array);
  readonly #labels = new Growing(Uint8Array);
  readonly #decision = new Growing(Uint8Array);
  readonly #firstAdd = new Growing(Float64Array);
  readonly #exampleStart = new Growing(Uint32Array);
  readonly #exampleSession = new Growing(Uint32Array);
  readonly #context: ContextRows | undefined;
  #addedAt: number | undefined;
  /** Events of the current session that an example has. */
  #longest = 0;

  /** @param features Features and how many frequent pages there are; only for `decision-points`. */
  constructor(rule: SequenceRule, features?: { readonly names: readonly FeatureName[]; readonly pages: number }) {
    this.#rule = rule;
    this.#context = features === undefined ? undefined : contextRows(features);
    this.#offsets.push(0);
    this.#exampleStart.push(0);
  }

  /** One event of the current session: its token, its time in ms since 1970, and the rest where there are features. */
  event(token: number, at: number, coded?: CodedEvent): void {
    if (token === TOKENS.add && this.#addedAt === undefined) this.#addedAt = at;
    this.#session.push(token);
    if (coded !== undefined) this.#context?.write(coded);
  }

  /** The current session is complete. One without an add is no cart session, and leaves no trace. */
  endSession(): void {
    const session = this.#session.reserve(0).subarray(0, this.#session.length);
    this.#session.length = 0;
    if (this.#addedAt === undefined) {
      this.#context?.end(0);
      return;
    }
    this.#firstAdd.push(this.#addedAt);
    this.#addedAt = undefined;
    if (this.#rule.protocol === 'seed') this.#whole(session);
    else this.#atDecisionPoints(session);
    this.#context?.end(this.#longest);
    this.#longest = 0;
    this.#exampleStart.push(this.#labels.length);
  }

  finish(): CollectedSessions {
    return {
      examples: {
        tokens: this.#tokens.finish(),
        offsets: this.#offsets.finish(),
        labels: this.#labels.finish(),
        decision: this.#decision.finish(),
        session: this.#exampleSession.finish(),
        ...(this.#context === undefined ? {} : { context: this.#context.finish() }),
      },
      firstAdd: this.#firstAdd.finish(),
      exampleStart: this.#exampleStart.finish(),
    };
  }

  #atDecisionPoints(session: Uint8Array): void {
    const added = session.indexOf(TOKENS.add);
    const bought = session.indexOf(TOKENS.purchase);
    // A first purchase that lies behind the point is also the nearest one behind it.
    const label = bought === -1 ? 0 : 1;
    for (const [index, events] of DECISION_POINTS.entries()) {
      const point = added + events;
      if (point >= session.length || (bought !== -1 && bought <= point)) return;
      this.#example(session.subarray(0, point + 1), label, index);
    }
  }

  #whole(session: Uint8Array): void {
    const bought = session.indexOf(TOKENS.purchase);
    if (bought === -1) return this.#example(session, 0, 0);
    if (bought < session.indexOf(TOKENS.add)) return;
    const again = session.indexOf(TOKENS.purchase, bought + 1);
    const kept = session.slice(0, again === -1 ? session.length : again);
    kept.copyWithin(bought, bought + 1);
    this.#example(kept.subarray(0, kept.length - 1), 1, 0);
  }

  #example(events: Uint8Array, label: number, decision: number): void {
    const tokens = this.#tokens.reserve(events.length + 2);
    this.#tokens.length = writeSequence(tokens, this.#tokens.length, events, this.#rule);
    this.#offsets.push(this.#tokens.length);
    this.#labels.push(label);
    this.#decision.push(decision);
    this.#exampleSession.push(this.#firstAdd.length - 1);
    this.#longest = Math.max(this.#longest, events.length);
    const { maxEvents = MAX_EVENTS } = this.#rule;
    this.#context?.example(Math.max(0, events.length - maxEvents));
  }
}

type ContextRows = ReturnType<typeof contextRows>;

/** Collects the rows of sessions; of a session's events only those stay that an example has. */
function contextRows({ names, pages }: { readonly names: readonly FeatureName[]; readonly pages: number }) {
  const writer = new EventWriter(names);
  const { width } = writer;
  const rows = new Growing(Uint8Array, 1 << 16);
  const first = new Growing(Uint32Array);
  let begin = 0;
  let events = 0;
  return {
    write(event: CodedEvent): void {
      if (events === 0) writer.begin();
      const at = (begin + events++) * width;
      rows.length = at;
      writer.write(rows.reserve(width), at, event);
      rows.length = at + width;
    },
    /** An example whose first event is the session's `skipped`-th. */
    example: (skipped: number): void => first.push(begin + skipped),
    end(kept: number): void {
      begin += kept;
      events = 0;
      rows.length = begin * width;
    },
    finish: () => ({ columns: columnsOf(names, pages), rows: rows.finish(), first: first.finish() }),
  };
}
