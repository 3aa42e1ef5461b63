import { seededRandom } from './random.ts';
import type { Sequences } from './sequences.ts';

/** The examples of one epoch in the order of its batches; plain arrays, which threads may share. */
export interface BatchPlan {
  /** Every example once. */
  readonly examples: Uint32Array;
  /** Where the parts of the batches begin in `examples`, `parts` a batch, and at the end their number. Parts may be empty. */
  readonly partStart: Uint32Array;
  readonly batches: number;
}

/** What stays the same from epoch to epoch. */
export interface PlanBasis {
  /** Examples so that neighbours share beginnings (see `sharingOrder`). */
  readonly order: Uint32Array;
  /** Where groups begin in `order`, and at the end its length: what stays together. Undefined where each example is a group. */
  readonly groups: Uint32Array | undefined;
  readonly lengths: Uint32Array;
  readonly batchSize: number;
  /** Batches that are sorted together, so that each gets neighbours; 1 leaves them as the shuffle made them. */
  readonly window: number;
  /** Parts that a batch is worked out in, each by itself. */
  readonly parts: number;
}

/** Examples a part; fewer share less, more leave threads waiting. The number of parts is part of what a seed means. */
const PART = 64;

export function partsOf(batchSize: number): number {
  return Math.max(1, Math.min(16, Math.round(batchSize / PART)));
}

/**
 * Prepares the batches of sequences. Where events have contexts, hardly two sessions share anything, and the examples of a session,
 * each a beginning of the next, stay together; else each example goes its own way.
 */
export function planBasis(
  sequences: Sequences & { readonly session?: Uint32Array },
  order: Uint32Array,
  { batchSize, window }: { readonly batchSize: number; readonly window: number },
): PlanBasis {
  const { offsets, context, session } = sequences;
  const lengths = Uint32Array.from(order, (_, i) => (offsets[i + 1] ?? 0) - (offsets[i] ?? 0));
  const basis = { order, lengths, batchSize, window, parts: partsOf(batchSize) };
  if (context === undefined || session === undefined) return { ...basis, groups: undefined };
  const starts: number[] = [];
  for (let i = 0; i < order.length; i++) {
    if (i === 0 || session[order[i] ?? 0] !== session[order[i - 1] ?? 0]) starts.push(i);
  }
  return { ...basis, groups: Uint32Array.from([...starts, order.length]) };
}

/**
 * The batches of one epoch; the same for the same seed and epoch. Groups are shuffled and cut into windows; a window is sorted by prefix
 * and cut into batches, and the batches are shuffled. So a batch's sequences share prefixes, which the kernel computes once,
 * while over the epoch the order stays random.
 */
export function planEpoch(basis: PlanBasis, seed: number, epoch: number): BatchPlan {
  const { order, groups, batchSize, window } = basis;
  const random = seededRandom(Math.imul(seed ^ 0x5eed, 0x9e3779b1) ^ Math.imul(epoch, 0x85ebca6b));
  const count = groups === undefined ? order.length : groups.length - 1;
  const shuffled = Uint32Array.from({ length: count }, (_, i) => i);
  random.shuffle(shuffled);
  // Groups in batches: where each batch begins among them.
  const starts: number[] = [];
  const perWindow = batchSize * window;
  const sizeOf = (group: number): number =>
    groups === undefined ? 1 : (groups[group + 1] ?? 0) - (groups[group] ?? 0);
  for (let first = 0; first < count;) {
    let last = first;
    for (let size = 0; last < count && size < perWindow; last++) size += sizeOf(shuffled[last] ?? 0);
    if (window > 1) shuffled.subarray(first, last).sort();
    for (let i = first; i < last;) {
      starts.push(i);
      for (let size = 0; i < last && size < batchSize; i++) size += sizeOf(shuffled[i] ?? 0);
    }
    first = last;
  }
  const batches = starts.length;
  const turn = Uint32Array.from({ length: batches }, (_, i) => i);
  random.shuffle(turn);
  return writePlan(basis, shuffled, { starts: [...starts, count], turn });
}

function writePlan(
  { order, groups, lengths, parts }: PlanBasis,
  shuffled: Uint32Array,
  { starts, turn }: { readonly starts: readonly number[]; readonly turn: Uint32Array },
): BatchPlan {
  const examples = new Uint32Array(new SharedArrayBuffer(4 * order.length));
  const partStart = new Uint32Array(new SharedArrayBuffer(4 * (turn.length * parts + 1)));
  let at = 0;
  for (let b = 0; b < turn.length; b++) {
    const [from, to] = [starts[turn[b] ?? 0] ?? 0, starts[(turn[b] ?? 0) + 1] ?? 0];
    // A group costs as much as its longest example, which is its last.
    let cost = 0;
    for (let i = from; i < to; i++) cost += costOf(shuffled[i] ?? 0);
    let spent = 0;
    let part = 0;
    for (let i = from; i < to; i++) {
      while (part < parts && spent * parts >= cost * part) partStart[b * parts + part++] = at;
      const group = shuffled[i] ?? 0;
      const [low, high] = groups === undefined ? [group, group + 1] : [groups[group] ?? 0, groups[group + 1] ?? 0];
      for (let e = low; e < high; e++) examples[at++] = order[e] ?? 0;
      spent += costOf(group);
    }
    while (part < parts) partStart[b * parts + part++] = at;
  }
  partStart[turn.length * parts] = at;
  return { examples, partStart, batches: turn.length };

  function costOf(group: number): number {
    return lengths[order[groups === undefined ? group : (groups[group + 1] ?? 1) - 1] ?? 0] ?? 0;
  }
}
