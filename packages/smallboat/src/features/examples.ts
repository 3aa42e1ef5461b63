/** Events after the first add at which the model has to decide: those of the SIGIR eCom 2021 challenge. */
export const DECISION_POINTS = [0, 2, 4, 6, 8, 10] as const;

/**
 * Sequences with their labels, laid out flat. Example `i` is `tokens[offsets[i] … offsets[i + 1])`.
 * Plain typed arrays, so that they go through a file, a message or shared memory as they are.
 */
export interface Examples {
  /** Tokens of all examples, one after the other; each example begins with the start token. */
  readonly tokens: Uint8Array;
  /** Where each example begins in `tokens`, and at the end the length of `tokens`: n + 1 numbers. */
  readonly offsets: Uint32Array;
  /** 1 where the shopper buys after the decision point, else 0: n numbers. */
  readonly labels: Uint8Array;
  /** Index into `DECISION_POINTS`: n numbers. All 0 in the `seed` protocol, which knows no such points. */
  readonly decision: Uint8Array;
}

/** How many examples there are. */
export function exampleCount(examples: Examples): number {
  return examples.labels.length;
}

/** The sequence of example `i`: a view, not a copy. */
export function sequenceAt({ tokens, offsets }: Examples, i: number): Uint8Array {
  return tokens.subarray(offsets[i], offsets[i + 1]);
}

/** Copies examples `from` to `to` (without `to`) into arrays of their own. */
export function sliceExamples(examples: Examples, from: number, to: number): Examples {
  const { tokens, offsets, labels, decision } = examples;
  const start = offsets[from] ?? 0;
  return {
    tokens: tokens.slice(start, offsets[to] ?? start),
    offsets: offsets.slice(from, to + 1).map((offset) => offset - start),
    labels: labels.slice(from, to),
    decision: decision.slice(from, to),
  };
}

/** Examples from sequences written out one by one: for tests and small sets. */
export function examplesOf(
  list: readonly { readonly tokens: ArrayLike<number>; readonly label: 0 | 1; readonly decision?: number }[],
): Examples {
  const offsets = new Uint32Array(list.length + 1);
  for (const [i, { tokens }] of list.entries()) offsets[i + 1] = (offsets[i] ?? 0) + tokens.length;
  const tokens = new Uint8Array(offsets[list.length] ?? 0);
  for (const [i, example] of list.entries()) tokens.set(example.tokens, offsets[i]);
  return {
    tokens,
    offsets,
    labels: Uint8Array.from(list, ({ label }) => label),
    decision: Uint8Array.from(list, ({ decision = 0 }) => decision),
  };
}
