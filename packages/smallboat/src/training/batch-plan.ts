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
  /** Where sequences begin among the tokens: see `Sequences`. */
  readonly offsets: Uint32Array;
  readonly batchSize: number;
  /** Batches that are sorted together, so that each gets neighbours; 1 leaves them as the shuffle made them. */
  readonly window: number;
  /** Parts that a batch is worked out in, each by itself. */
  readonly parts: number;
  /** Where each epoch's plan is written over the one before; undefined where each gets arrays of its own. */
  readonly room: PlanRoom | undefined;
}

interface PlanRoom {
  readonly shuffled: Uint32Array;
  readonly examples: Uint32Array;
  partStart: Uint32Array;
}

/** Examples a part; fewer share less, more leave threads waiting. The number of parts is part of what a seed means. */
const PART = 64;

export function partsOf(batchSize: number): number {
  return Math.max(1, Math.min(16, Math.round(batchSize / PART)));
}

/**
 * Prepares the batches of sequences. Where events have contexts, hardly two sessions share anything, and the examples of a session,
 * each a beginning of the next, stay together; else each example goes its own way.
 *
 * @param settings.isReused Whether a plan is done with when the next is made: 12 bytes an example are then all that plans need, in any number
 *   of epochs. Default false.
 */
export function planBasis(
  sequences: Sequences & { readonly session?: Uint32Array },
  order: Uint32Array,
  {
    batchSize,
    window,
    isReused = false,
  }: { readonly batchSize: number; readonly window: number; readonly isReused?: boolean },
): PlanBasis {
  const { offsets, context, session } = sequences;
  const room = isReused
    ? { shuffled: new Uint32Array(order.length), examples: sharedWords(order.length), partStart: sharedWords(0) }
    : undefined;
  const basis = { order, offsets, batchSize, window, parts: partsOf(batchSize), room };
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
  const shuffled = basis.room?.shuffled.subarray(0, count) ?? new Uint32Array(count);
  for (let i = 0; i < count; i++) shuffled[i] = i;
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
  { order, groups, offsets, parts, room }: PlanBasis,
  shuffled: Uint32Array,
  { starts, turn }: { readonly starts: readonly number[]; readonly turn: Uint32Array },
): BatchPlan {
  const examples = room?.examples ?? sharedWords(order.length);
  const starting = turn.length * parts + 1;
  // With groups the number of batches differs a little from epoch to epoch.
  if (room !== undefined && room.partStart.length < starting) room.partStart = sharedWords(Math.ceil(starting * 1.05));
  const partStart = room?.partStart.subarray(0, starting) ?? sharedWords(starting);
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
    const longest = order[groups === undefined ? group : (groups[group + 1] ?? 1) - 1] ?? 0;
    return (offsets[longest + 1] ?? 0) - (offsets[longest] ?? 0);
  }
}

function sharedWords(count: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(4 * count));
}
