import { expect, it } from 'vitest';
import { bodyQueue } from './body-queue.ts';

it('takes as many bodies as can be answered in time, and goes by what they took', () => {
  const queue = bodyQueue({ bodies: 100, behindMs: 500 });
  // Nothing is known yet: the first are taken.
  queue.enter(1000)({ milliseconds: 100, bytes: 1000 });
  const inside = Array.from({ length: 4 }, () => queue.enter(1000));
  expect(queue.isFull(1000)).toBe(false);
  inside.push(queue.enter(1000));
  expect(queue.isFull(1000)).toBe(true);
  for (const leave of inside) leave();
  expect(queue.isFull(1000)).toBe(false);
  // One alone is taken however large it is, and faster answers make room.
  expect(queue.isFull(1_000_000)).toBe(false);
  for (let i = 0; i < 100; i++) queue.enter(1000)({ milliseconds: 1, bytes: 1000 });
  queue.enter(100_000);
  expect(queue.isFull(100_000)).toBe(false);
});

it('takes no more than so many, and lets each out once', () => {
  const queue = bodyQueue({ bodies: 2, behindMs: 500 });
  const leave = queue.enter(10);
  queue.enter(10);
  expect(queue.isFull(10)).toBe(true);
  leave();
  leave();
  expect(queue.isFull(10)).toBe(false);
  queue.enter(10);
  expect(queue.isFull(10)).toBe(true);
});
