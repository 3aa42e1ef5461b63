import type { Examples } from '../../features/index.ts';
import { DECISION_POINTS } from '../../features/index.ts';
import { weightedAuc } from '../weighted-auc.ts';

/** Something that tells the outcome better than anything known at that moment should. */
export interface LeakSuspect {
  /** A column of the events, or the model itself. */
  readonly what: string;
  /** Events after the first add. */
  readonly decision: number;
  readonly auc: number;
}

export interface SuspectOptions {
  /** ROC-AUC that one column alone may have. Default 0.9: on real shops all of them together reach about 0.7. */
  readonly limit?: number;
}

/**
 * Looks for columns that know the outcome. For each column and decision point, the share of buyers by the byte of the last event is
 * learned on one half of the sessions and ranks the other half: one column alone that ranks them nearly right knows what it should not,
 * as one that was computed over the whole session, or after the purchase.
 */
export function leakSuspects(examples: Examples, { limit = 0.9 }: SuspectOptions = {}): readonly LeakSuspect[] {
  const { context } = examples;
  if (context === undefined) return [];
  return context.columns.flatMap(({ name }, column) =>
    DECISION_POINTS.flatMap((decision, index) => {
      const auc = columnAuc(examples, column, index);
      return auc !== null && auc > limit ? [{ what: name, decision, auc }] : [];
    }),
  );
}

/** The same of a model's scores: an answer that is too good has seen it. */
export function suspectScores(
  scores: ArrayLike<number>,
  { labels, decision }: Examples,
  { limit = 0.95 }: SuspectOptions = {},
): readonly LeakSuspect[] {
  return DECISION_POINTS.flatMap((events, index) => {
    const members = Array.from(labels, (_, i) => i).filter((i) => decision[i] === index);
    const auc = weightedAuc(
      Float32Array.from(members, (i) => scores[i] ?? 0),
      members.map(() => 1),
      members.map((i) => labels[i] ?? 0),
    );
    return auc !== null && auc > limit && members.length >= 100 ? [{ what: 'the model', decision: events, auc }] : [];
  });
}

function columnAuc(
  { labels, decision, offsets, session, context }: Examples,
  column: number,
  point: number,
): number | null {
  if (context === undefined) return null;
  const { columns, rows, first } = context;
  const counts = new Float64Array(256);
  const buyers = new Float64Array(256);
  const held: number[] = [];
  const byteOf = (i: number): number => {
    const events = (offsets[i + 1] ?? 0) - (offsets[i] ?? 0) - 1;
    return events < 1 ? 0 : (rows[((first[i] ?? 0) + events - 1) * columns.length + column] ?? 0);
  };
  for (let i = 0; i < labels.length; i++) {
    if (decision[i] !== point) continue;
    if ((session?.[i] ?? i) % 2 === 0) {
      const byte = byteOf(i);
      counts[byte] = (counts[byte] ?? 0) + 1;
      buyers[byte] = (buyers[byte] ?? 0) + (labels[i] ?? 0);
    } else held.push(i);
  }
  if (held.length < 50) return null;
  // Half a count of each outcome, so that a byte that was seen once does not look certain.
  const share = (byte: number): number => ((buyers[byte] ?? 0) + 0.5) / ((counts[byte] ?? 0) + 1);
  return weightedAuc(
    Float32Array.from(held, (i) => share(byteOf(i))),
    held.map(() => 1),
    held.map((i) => labels[i] ?? 0),
  );
}
