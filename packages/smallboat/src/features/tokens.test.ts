import { expect, it } from 'vitest';
import { encodeSession } from './sequence.ts';
import { ACTIONS, TOKENS, VOCABULARY_SIZE, encodeActions, tokenErrors, tokenOf } from './tokens.ts';

it('gives the tokens of the original project', () => {
  expect(ACTIONS.map((action) => tokenOf(action))).toEqual([2, 3, 4, 5, 6]);
  expect([TOKENS.start, TOKENS.end, TOKENS.padding, VOCABULARY_SIZE]).toEqual([0, 1, 7, 7]);
});

it('knows a view also by the name that the warehouse has for it', () => {
  expect(tokenOf('pageview')).toBe(TOKENS.view);
});

it.each(['empty', '', 'View', 'start', 'constructor', '__proto__'])(
  'refuses %j, names it and what is known',
  (action) => {
    expect(() => encodeActions(['view', action])).toThrow(
      expect.objectContaining({
        code: tokenErrors.UNKNOWN_ACTION.code,
        facts: { action, place: 'event 2', known: 'add, remove, purchase, detail, view' },
      }),
    );
  },
);

it('repeats no more than 80 characters of what it refuses', () => {
  expect(() => encodeActions(['\u0000'.repeat(1_000_000)])).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ action: `${'\uFFFD'.repeat(79)}…` }) }),
  );
});

it('begins with a start and ends with an end only as the original project did', () => {
  const actions = ['view', 'detail', 'add'];
  expect([...encodeSession(actions)]).toEqual([0, 6, 5, 2]);
  expect([...encodeSession(actions, { protocol: 'seed' })]).toEqual([0, 6, 5, 2, 1]);
});

it('keeps the last events of a long session', () => {
  expect([...encodeSession(['add', 'view', 'detail', 'view'], { maxEvents: 2 })]).toEqual([0, 5, 6]);
});
