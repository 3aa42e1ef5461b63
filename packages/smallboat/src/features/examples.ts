import type { Column } from './columns.ts';

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
  /** Number of the session that each example is cut from, never falling: n numbers. Left out where each is its own. */
  readonly session?: Uint32Array;
  /** What is known of the events beside their actions; left out where that is all. */
  readonly context?: EventContext;
}

/** Rows of bytes, one an event, each kept once for all examples of its session. */
export interface EventContext {
  /** What the bytes of a row are. */
  readonly columns: readonly Column[];
  /** `[events, columns]`, row by row. */
  readonly rows: Uint8Array;
  /** The row of each example's first event, which is its second token; the others follow it. n numbers. */
  readonly first: Uint32Array;
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
  const { tokens, offsets, labels, decision, session, context } = examples;
  const start = offsets[from] ?? 0;
  return {
    ...(session === undefined ? {} : { session: session.slice(from, to) }),
    ...(context === undefined ? {} : { context: sliceContext(context, offsets, from, to) }),
    tokens: tokens.slice(start, offsets[to] ?? start),
    offsets: offsets.slice(from, to + 1).map((offset) => offset - start),
    labels: labels.slice(from, to),
    decision: decision.slice(from, to),
  };
}

/** The examples of two parts, one after the other; both know the same of their events. Sessions of the second are counted on. */
export function joinExamples(a: Examples, b: Examples): Examples {
  const small = (x: Uint8Array, y: Uint8Array): Uint8Array => {
    const whole = new Uint8Array(x.length + y.length);
    whole.set(x);
    whole.set(y, x.length);
    return whole;
  };
  const both = (x: Uint32Array, y: Uint32Array, more: number): Uint32Array => {
    const whole = new Uint32Array(x.length + y.length);
    whole.set(x);
    for (let i = 0; i < y.length; i++) whole[x.length + i] = (y[i] ?? 0) + more;
    return whole;
  };
  const width = a.context?.columns.length ?? 1;
  return {
    tokens: small(a.tokens, b.tokens),
    offsets: both(a.offsets, b.offsets.subarray(1), a.tokens.length),
    labels: small(a.labels, b.labels),
    decision: small(a.decision, b.decision),
    ...(a.session === undefined || b.session === undefined
      ? {}
      : { session: both(a.session, b.session, Math.max(0, (a.session.at(-1) ?? -1) + 1 - (b.session[0] ?? 0))) }),
    ...(a.context === undefined || b.context === undefined
      ? {}
      : {
          context: {
            columns: a.context.columns,
            rows: small(a.context.rows, b.context.rows),
            first: both(a.context.first, b.context.first, a.context.rows.length / width),
          },
        }),
  };
}

/** The rows of some examples, in an array of their own. */
function sliceContext(
  { columns, rows, first }: EventContext,
  offsets: Uint32Array,
  from: number,
  to: number,
): EventContext {
  const base = from < to ? (first[from] ?? 0) : 0;
  let end = base;
  for (let i = from; i < to; i++) end = Math.max(end, (first[i] ?? 0) + (offsets[i + 1] ?? 0) - (offsets[i] ?? 0) - 1);
  const width = columns.length;
  return {
    columns,
    rows: rows.slice(base * width, end * width),
    first: first.slice(from, to).map((row) => row - base),
  };
}

/** The rows of example `i`, one for each token but the start: a view, not a copy. Empty without a context. */
export function rowsAt({ offsets, context }: Examples, i: number): Uint8Array {
  if (context === undefined) return new Uint8Array();
  const width = context.columns.length;
  const start = (context.first[i] ?? 0) * width;
  return context.rows.subarray(start, start + ((offsets[i + 1] ?? 0) - (offsets[i] ?? 0) - 1) * width);
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
