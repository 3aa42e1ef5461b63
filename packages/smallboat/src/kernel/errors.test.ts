import { expect, it } from 'vitest';
import { defineErrors } from './errors.ts';

const errors = defineErrors({
  BOAT_SANK: (f: { boat: string }) => `Boat ${f.boat} sank. Take another.`,
});

it('makes the message from the facts and keeps both', () => {
  const error = errors.BOAT_SANK({ boat: 'Mary' }, { cause: 'leak' });
  expect(error).toMatchObject({ code: 'BOAT_SANK', facts: { boat: 'Mary' }, message: 'Boat Mary sank. Take another.' });
  expect(error.cause).toBe('leak');
});

it('recognises an error by its code, also one of another copy of the package', () => {
  expect(errors.BOAT_SANK.is(Object.assign(new Error('x'), { code: 'BOAT_SANK' }))).toBe(true);
  expect(errors.BOAT_SANK.is(new Error('BOAT_SANK'))).toBe(false);
});

it('goes through JSON with code, message and facts', () => {
  expect(JSON.parse(JSON.stringify(errors.BOAT_SANK({ boat: 'Mary' })))).toEqual({
    code: 'BOAT_SANK',
    message: 'Boat Mary sank. Take another.',
    facts: { boat: 'Mary' },
  });
});
