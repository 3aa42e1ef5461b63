import type { EventContext } from '../features/index.ts';
import { VOCABULARY_SIZE } from '../features/index.ts';
import { defineErrors } from '../kernel/index.ts';

export const sequenceErrors = defineErrors({
  SEQUENCE_TOKEN_UNKNOWN: (f: { token: number; sequence: number; vocabulary: number }) =>
    `Sequence ${f.sequence} has token ${f.token}, and the model knows 0 to ${f.vocabulary - 1}. ` +
    `Encode sessions with the features room's tokens.`,
  SEQUENCE_VALUE_UNKNOWN: (f: { column: string; value: number; event: number; size: number }) =>
    `Event ${f.event} has value ${f.value} in column '${f.column}', and the model knows 0 to ${f.size - 1}. ` +
    `Encode sessions with the features that the model was trained with.`,
  SEQUENCES_UNLIKE: (f: { problem: string }) =>
    `These sequences are not what the model was made for: ${f.problem}. Read them with the model's own features (manifest.json names them).`,
});

/** Sequences of tokens in one buffer: sequence `i` is `tokens[offsets[i]]` to `tokens[offsets[i+1] − 1]`. */
export interface Sequences {
  readonly tokens: Uint8Array;
  /** One more than there are sequences. */
  readonly offsets: Uint32Array;
  /** What events have beside tokens: see `Examples`. */
  readonly context?: EventContext;
}

/**
 * Checks every token and every category once, so that the kernel need not: one beyond its table would read memory that is
 * not the model's.
 *
 * @throws SEQUENCE_TOKEN_UNKNOWN, SEQUENCE_VALUE_UNKNOWN, SEQUENCES_UNLIKE
 */
export function checkSequences({ tokens, offsets, context }: Sequences): void {
  const last = offsets.at(-1) ?? 0;
  if (last > tokens.length) {
    throw sequenceErrors.SEQUENCES_UNLIKE({ problem: `the last ends at token ${last} of ${tokens.length}` });
  }
  for (let i = 1; i < offsets.length; i++) {
    if ((offsets[i] ?? 0) >= (offsets[i - 1] ?? 0)) continue;
    throw sequenceErrors.SEQUENCES_UNLIKE({
      problem: `sequence ${i - 1} begins at token ${offsets[i - 1]} and ends at ${offsets[i]}`,
    });
  }
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? 0;
    if (token < VOCABULARY_SIZE) continue;
    let sequence = 0;
    while ((offsets[sequence + 1] ?? Infinity) <= at) sequence++;
    throw sequenceErrors.SEQUENCE_TOKEN_UNKNOWN({ token, sequence, vocabulary: VOCABULARY_SIZE });
  }
  if (context === undefined) return;
  const { columns, rows, first } = context;
  const width = columns.length;
  for (const column of columns) {
    if (column.kind === 'category' || (Number.isFinite(column.low) && Number.isFinite(column.high))) continue;
    throw sequenceErrors.SEQUENCES_UNLIKE({
      problem: `column '${column.name}' goes from ${column.low} to ${column.high}, which are not both numbers`,
    });
  }
  if (first.length !== offsets.length - 1) {
    throw sequenceErrors.SEQUENCES_UNLIKE({
      problem: `${offsets.length - 1} sequences have ${first.length} places of rows`,
    });
  }
  for (let i = 0; i < first.length; i++) {
    const end = (first[i] ?? 0) + (offsets[i + 1] ?? 0) - (offsets[i] ?? 0) - 1;
    if (end * width <= rows.length) continue;
    throw sequenceErrors.SEQUENCES_UNLIKE({ problem: `sequence ${i} ends at row ${end} of ${rows.length / width}` });
  }
  for (const [c, column] of columns.entries()) {
    if (column.kind !== 'category') continue;
    for (let at = c; at < rows.length; at += width) {
      const value = rows[at] ?? 0;
      if (value < column.size) continue;
      const event = (at - c) / width;
      throw sequenceErrors.SEQUENCE_VALUE_UNKNOWN({ column: column.name, value, event, size: column.size });
    }
  }
}

/**
 * Sequences in an order in which neighbours share beginnings. Of tokens alone that is the lexicographic order (a beginning comes
 * before what goes on from it); where events have contexts hardly two sessions begin alike, and the order is the one they
 * came in, in which those of one session are neighbours. Time is in proportion to what must be read to tell sequences apart.
 */
export function sharingOrder({ tokens, offsets, context }: Sequences): Uint32Array {
  const count = offsets.length - 1;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (context !== undefined) return order;
  const aside = new Uint32Array(count);
  const buckets = VOCABULARY_SIZE + 1;
  const starts = new Uint32Array(buckets + 1);
  // Ranges of sequences that are equal up to a depth: where they begin and end in the order, and the depth.
  const open: number[] = [0, count, 0];
  const bucketOf = (sequence: number, depth: number): number => {
    const at = (offsets[sequence] ?? 0) + depth;
    return at < (offsets[sequence + 1] ?? 0) ? 1 + (tokens[at] ?? 0) : 0;
  };
  while (open.length > 0) {
    const depth = open.pop() ?? 0;
    const to = open.pop() ?? 0;
    const from = open.pop() ?? 0;
    starts.fill(0);
    for (let i = from; i < to; i++) {
      const bucket = bucketOf(order[i] ?? 0, depth);
      starts[bucket + 1] = (starts[bucket + 1] ?? 0) + 1;
    }
    for (let b = 0; b < buckets; b++) starts[b + 1] = (starts[b + 1] ?? 0) + (starts[b] ?? 0);
    // Those that end here are equal, and done.
    for (let b = 1; b < buckets; b++) {
      const [low, high] = [from + (starts[b] ?? 0), from + (starts[b + 1] ?? 0)];
      if (high - low > 1) open.push(low, high, depth + 1);
    }
    for (let i = from; i < to; i++) {
      const sequence = order[i] ?? 0;
      const bucket = bucketOf(sequence, depth);
      aside[from + (starts[bucket] ?? 0)] = sequence;
      starts[bucket] = (starts[bucket] ?? 0) + 1;
    }
    order.set(aside.subarray(from, to), from);
  }
  // Given back at once: the collector does not know in what a hurry the next arrays are.
  aside.buffer.transfer(0);
  return order;
}
