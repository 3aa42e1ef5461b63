import * as z from 'zod';
import type { Examples } from '../features/index.ts';
import { TOKENS, VOCABULARY_SIZE, exampleCount, sequenceAt } from '../features/index.ts';

const count = z.number().int().nonnegative();

/**
 * How shoppers of the training data behave, in counts from which sessions like theirs can be drawn. Which action follows
 * which is counted apart before and after the first add, for short and for long sessions, and given the two actions before.
 */
export const Behaviour = z.object({
  /** How often sequences have so many events to the first add (included) and so many after it; −1 after: no add. */
  shapes: z.array(z.tuple([count, z.number().int().min(-1), count])),
  /** Counts of the next token, by a key of phase, size and the two tokens before: `after 1 62`. */
  next: z.record(z.string(), z.array(count).length(VOCABULARY_SIZE)),
});
export type Behaviour = z.infer<typeof Behaviour>;

/** Sizes of sessions that behave apart: up to 3, 10 and 30 events, and more. */
const sizeOf = (events: number): number => (events <= 3 ? 0 : events <= 10 ? 1 : events <= 30 ? 2 : 3);

const keyOf = (isAfter: boolean, size: number, before: readonly [number, number]): string =>
  `${isAfter ? 'after' : 'before'} ${size} ${before[0]}${before[1]}`;

/** Counts the behaviour in examples. One pass, a few microseconds an example. */
export function behaviourOf(examples: Examples): Behaviour {
  const shapes = new Map<string, [number, number, number]>();
  const next = new Map<string, number[]>();
  for (let i = 0; i < exampleCount(examples); i++) {
    const events = sequenceAt(examples, i).filter((token) => token >= TOKENS.add && token <= TOKENS.view);
    const firstAdd = events.indexOf(TOKENS.add);
    const shape: [number, number, number] =
      firstAdd === -1 ? [events.length, -1, 0] : [firstAdd + 1, events.length - firstAdd - 1, 0];
    const known = shapes.get(`${shape[0]},${shape[1]}`) ?? shape;
    known[2]++;
    shapes.set(`${shape[0]},${shape[1]}`, known);
    const size = sizeOf(events.length);
    let [second, first]: [number, number] = [TOKENS.start, TOKENS.start];
    for (const [at, token] of events.entries()) {
      // The first add itself is placed by the shape, not drawn.
      if (at !== firstAdd) {
        const key = keyOf(firstAdd !== -1 && at > firstAdd, size, [second, first]);
        const counts = next.get(key) ?? Array.from({ length: VOCABULARY_SIZE }, () => 0);
        counts[token] = (counts[token] ?? 0) + 1;
        next.set(key, counts);
      }
      [second, first] = [first, token];
    }
  }
  const sorted = [...shapes.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return { shapes: sorted, next: Object.fromEntries([...next].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Draws sessions: tokens 2 to 6, without the start. The same `random` gives the same sessions. */
export function shopperOf(behaviour: Behaviour, random: () => number): () => number[] {
  const shapeSums = sums(behaviour.shapes.map(([, , n]) => n));
  const nextSums = new Map(Object.entries(behaviour.next).map(([key, counts]) => [key, sums(counts)]));
  return () => {
    const [before, after] = behaviour.shapes[draw(shapeSums, random)] ?? [1, 0];
    const events: number[] = [];
    const size = sizeOf(before + Math.max(0, after));
    let [second, first]: [number, number] = [TOKENS.start, TOKENS.start];
    for (let at = 0; at < before + Math.max(0, after); at++) {
      const isAdd = after >= 0 && at === before - 1;
      const isAfter = after >= 0 && at >= before;
      // A pair that training did not have in this place: go on as the commonest does, with a look.
      const choices = isAdd ? undefined : nextSums.get(keyOf(isAfter, size, [second, first]));
      const token = isAdd ? TOKENS.add : choices === undefined ? TOKENS.view : draw(choices, random);
      events.push(token);
      [second, first] = [first, token];
    }
    return events;
  };
}

function sums(counts: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(counts, (n) => (sum += n));
}

/** An index with the probability of its count. */
function draw(cumulative: Float64Array, random: () => number): number {
  const goal = random() * (cumulative.at(-1) ?? 0);
  let [low, high] = [0, cumulative.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulative[middle] ?? 0) > goal) high = middle;
    else low = middle + 1;
  }
  return low;
}
