import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECISION_POINTS, exampleCount, joinExamples, rowsAt, sequenceAt, sliceExamples } from './examples.ts';
import type { SequenceRule } from './sequence.ts';
import { SessionExamples } from './session-examples.ts';
import { ACTIONS, TOKENS, encodeActions, tokenOf } from './tokens.ts';

interface Made {
  readonly sequence: readonly number[];
  readonly label: number;
  /** Events after the first add. */
  readonly point: number;
}

function examplesFrom(sessions: readonly (readonly string[])[], rule: SequenceRule = {}): Made[] {
  const collector = new SessionExamples(rule);
  for (const session of sessions) {
    for (const [i, action] of session.entries()) collector.event(tokenOf(action), i);
    collector.endSession();
  }
  const { examples } = collector.finish();
  return Array.from({ length: exampleCount(examples) }, (_, i) => ({
    sequence: [...sequenceAt(examples, i)],
    label: examples.labels[i] ?? -1,
    point: DECISION_POINTS[examples.decision[i] ?? -1] ?? -1,
  }));
}

describe('the leak-free protocol', () => {
  it('cuts at the first add and every second event after it, and labels by what follows', () => {
    expect(examplesFrom([['view', 'add', 'detail', 'view', 'remove', 'purchase', 'view']])).toEqual([
      { sequence: [0, 6, 2], label: 1, point: 0 },
      { sequence: [0, 6, 2, 5, 6], label: 1, point: 2 },
    ]);
  });

  it('gives a point only where the session has as many events', () => {
    expect(examplesFrom([['add', 'view']]).map(({ point }) => point)).toEqual([0]);
    expect(examplesFrom([['add', 'view', 'view']]).map(({ point }) => point)).toEqual([0, 2]);
    expect(examplesFrom([['add', ...Array.from({ length: 30 }, () => 'view')]]).map(({ point }) => point)).toEqual([
      0, 2, 4, 6, 8, 10,
    ]);
  });

  it.each([[['purchase', 'add', 'view', 'view', 'purchase']], [['view', 'detail']], [['view', 'purchase']], [[]]])(
    'makes nothing of %j',
    (session) => {
      expect(examplesFrom([session])).toEqual([]);
    },
  );

  it('has no example where the decision point is the purchase itself', () => {
    expect(examplesFrom([['add', 'view', 'purchase']])).toEqual([{ sequence: [0, 2], label: 1, point: 0 }]);
  });

  it('keeps the last events of a long history', () => {
    const session = [...Array.from({ length: 300 }, () => 'view'), 'add'];
    expect(examplesFrom([session])[0]?.sequence).toHaveLength(201);
    expect(examplesFrom([session], { maxEvents: 3 })[0]?.sequence).toEqual([0, 6, 6, 2]);
  });
});

const actions = fc.array(fc.constantFrom(...ACTIONS), { maxLength: 25 });

describe('nothing leaks', () => {
  it('whatever happens after the decision point never changes the sequence', () => {
    fc.assert(
      fc.property(actions, actions, actions, (before, one, other) => {
        const known = [...before, 'add'];
        const reach = known.indexOf('add');
        const upTo = (later: readonly string[]): Made[] =>
          examplesFrom([[...known, ...later]]).filter(({ point }) => reach + point < known.length);
        expect(upTo(one).map(({ sequence, point }) => ({ sequence, point }))).toEqual(
          upTo(other).map(({ sequence, point }) => ({ sequence, point })),
        );
      }),
    );
  });

  it('the label says whether a purchase follows, and no sequence holds one', () => {
    fc.assert(
      fc.property(actions, (session) => {
        for (const { sequence, label, point } of examplesFrom([session])) {
          const cut = session.indexOf('add') + point + 1;
          expect(sequence).toEqual([TOKENS.start, ...encodeActions(session.slice(0, cut))]);
          expect(label).toBe(session.slice(cut).includes('purchase') ? 1 : 0);
          expect(sequence).not.toContain(TOKENS.purchase);
        }
      }),
    );
  });

  it('the original protocol does leak: what follows the purchase is in the sequence', () => {
    const sequence = (session: string[]): unknown => examplesFrom([session], { protocol: 'seed' })[0]?.sequence;
    expect(sequence(['add', 'purchase', 'view'])).not.toEqual(sequence(['add', 'purchase', 'detail']));
  });
});

describe('the protocol of the original project', () => {
  it.each([
    [['view', 'add', 'purchase', 'view'], [0, 6, 2, 6, 1], 1],
    [['add', 'view', 'purchase', 'detail', 'purchase', 'view'], [0, 2, 6, 5, 1], 1],
    [['add', 'remove', 'view'], [0, 2, 3, 6, 1], 0],
  ])('makes of %j the sequence %j with label %i', (session, sequence, label) => {
    expect(examplesFrom([session], { protocol: 'seed' })).toEqual([{ sequence, label, point: 0 }]);
  });

  it('leaves out a session that bought before its first add', () => {
    expect(examplesFrom([['purchase', 'add', 'purchase']], { protocol: 'seed' })).toEqual([]);
  });

  it('never leaves a purchase in a sequence', () => {
    fc.assert(
      fc.property(actions, (session) => {
        for (const { sequence } of examplesFrom([session], { protocol: 'seed' })) {
          expect(sequence).not.toContain(TOKENS.purchase);
        }
      }),
    );
  });
});

it('joins parts so that each example stays what it was', () => {
  const sessions = new SessionExamples({}, { names: ['page', 'cart'], pages: 3 });
  for (let s = 0; s < 6; s++) {
    for (const [i, token] of [6, 5, 2, 6, 6, 5, 3].slice(0, 4 + (s % 4)).entries()) {
      sessions.event(token, s * 100 + i, { token, at: s, page: (s + i) % 4, pageIdentity: i, price: 0, popularity: 0 });
    }
    sessions.endSession();
  }
  const { examples } = sessions.finish();
  const count = examples.labels.length;
  // Sessions are not cut: a part ends with one.
  const borders = Array.from({ length: count }, (_, i) => i).filter(
    (i) => i > 0 && examples.session?.[i] !== examples.session?.[i - 1],
  );
  for (const cut of borders) {
    const joined = joinExamples(sliceExamples(examples, 0, cut), sliceExamples(examples, cut, count));
    for (let i = 0; i < count; i++) {
      expect(sequenceAt(joined, i)).toEqual(sequenceAt(examples, i));
      expect(rowsAt(joined, i)).toEqual(rowsAt(examples, i));
    }
    expect(joined.session).toEqual(examples.session);
  }
});
