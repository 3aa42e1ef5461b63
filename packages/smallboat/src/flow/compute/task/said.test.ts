import { expect, it } from 'vitest';
import { type Said, lineOf, saidIn } from './said.ts';

it.each<Said>([
  { kind: 'progress', progress: { fraction: 0.25 } },
  { kind: 'progress', progress: { fraction: 1, message: 'epoch 3 of 3' } },
  { kind: 'lost', loss: { kind: 'outOfMemory', how: 'took 512 MiB', tail: 'two\nlines' } },
])('reads back $kind', (said) => {
  expect(saidIn(`${lineOf(said)}\n`)).toEqual(said);
});

it.each(['trained f1=0.8', '[smallboat] told to end', '[smallboat] lost {"kind":', '[smallboat] progress half'])(
  'takes %s for a line of the log',
  (line) => {
    expect(saidIn(line)).toBeUndefined();
  },
);
