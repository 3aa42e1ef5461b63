import { expect, it } from 'vitest';
import { inTurns } from './in-turns.ts';

it('does work in order, passes over what nobody waits for, and leaves the event loop turns between', async () => {
  const turns = inTurns();
  const done: string[] = [];
  const add = (name: string, isWanted = true): void =>
    turns.add(() => void done.push(name), { isWanted: () => isWanted, drop: () => void done.push(`not ${name}`) });
  add('a');
  add('b', false);
  add('c');
  expect(done).toEqual(['a']);
  let between = 0;
  while (done.length < 3) {
    await new Promise((resolve) => setImmediate(resolve));
    between++;
  }
  expect(done).toEqual(['a', 'not b', 'c']);
  expect(between).toBeGreaterThan(32);
  await new Promise((resolve) => setTimeout(resolve, 20));
  add('d');
  expect(done.at(-1)).toBe('d');
});
