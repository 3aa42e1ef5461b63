import type { Random } from './random.ts';

export interface BatchOrder {
  /** Node of the trie where each example ends; nodes in order are sequences in lexicographic order. */
  readonly ends: Uint32Array;
  readonly batchSize: number;
  readonly random: Random;
  /** Batches that are sorted together, so that each gets neighbours; 1 leaves them as the shuffle made them. */
  readonly window: number;
}

/**
 * The batches of one epoch, each as indices of examples: every example once, the last batch of a window may be shorter.
 *
 * Examples are shuffled and cut into windows; a window is sorted by prefix and cut into batches, and the batches are
 * shuffled. So a batch's sequences share prefixes, which the kernel computes once, while over the epoch the order stays
 * random.
 */
export function epochBatches({ ends, batchSize, random, window }: BatchOrder): readonly Uint32Array[] {
  const order = Uint32Array.from(ends, (_, i) => i);
  random.shuffle(order);
  const batches: Uint32Array[] = [];
  const step = batchSize * window;
  for (let first = 0; first < order.length; first += step) {
    const part = order.subarray(first, first + step);
    if (window > 1) sortByEnd(part, ends);
    for (let i = 0; i < part.length; i += batchSize) batches.push(part.subarray(i, i + batchSize));
  }
  const sequence = Uint32Array.from(batches, (_, i) => i);
  random.shuffle(sequence);
  return Array.from(sequence, (i) => batches[i] ?? new Uint32Array());
}

/** Sorts examples by the node where they end; equal ones by their index, so that the result does not depend on the sort. */
function sortByEnd(part: Uint32Array, ends: Uint32Array): void {
  const keys = Float64Array.from(part, (example, i) => (ends[example] ?? 0) * 2 ** 21 + i);
  const before = part.slice();
  keys.sort();
  for (let i = 0; i < part.length; i++) part[i] = before[(keys[i] ?? 0) % 2 ** 21] ?? 0;
}
