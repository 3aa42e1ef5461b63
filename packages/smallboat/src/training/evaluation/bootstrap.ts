import type { Examples } from '../../features/index.ts';
import { DECISION_POINTS } from '../../features/index.ts';
import { seededRandom } from '../random.ts';

/** Where a figure would lie in 95 of 100 samples like this one. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Intervals of the metrics at one decision point, or over all; null where a class is missing. */
export interface MetricIntervals {
  readonly decision: number | 'all';
  readonly auc: Interval | null;
  readonly averagePrecision: Interval | null;
  readonly logLoss: Interval | null;
  readonly brier: Interval | null;
}

export interface BootstrapOptions {
  /** Samples that are drawn. Default 200, fewer where there are more than 100,000 examples. */
  readonly replicates?: number;
  readonly seed?: number;
}

/** Metrics of one weighted sample. */
interface Figures {
  readonly auc: number;
  readonly averagePrecision: number;
  readonly logLoss: number;
  readonly brier: number;
}

/**
 * Intervals by the bootstrap: whole sessions are drawn with replacement, as the examples of one are no independent witnesses, and the
 * 2.5th and 97.5th percentiles are taken. O(replicates · examples) after one sort.
 *
 * @param scores One probability an example.
 * @see B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993; C. Field, A. Welsh, "Bootstrapping clustered data",
 *   JRSS B 69(3), 2007.
 */
export function bootstrapIntervals(
  scores: ArrayLike<number>,
  examples: Examples,
  options: BootstrapOptions = {},
): readonly MetricIntervals[] {
  return overPoints(examples, (members, decision) => {
    const drawn = replicatesOf(examples, members, options, (weights) =>
      weightedFigures(scores, examples, members, weights),
    );
    const of = (name: keyof Figures): Interval | null => intervalOf(drawn.map((figures) => figures[name]));
    return {
      decision,
      auc: of('auc'),
      averagePrecision: of('averagePrecision'),
      logLoss: of('logLoss'),
      brier: of('brier'),
    };
  });
}

/** By how much a candidate's ROC-AUC is above a baseline's, on the same samples: at each decision point and over all. */
export function aucAdvantage(
  { candidate, baseline }: { readonly candidate: ArrayLike<number>; readonly baseline: ArrayLike<number> },
  examples: Examples,
  options: BootstrapOptions = {},
): readonly { readonly decision: number | 'all'; readonly advantage: number; readonly interval: Interval | null }[] {
  return overPoints(examples, (members, decision) => {
    const [a, b] = [candidate, baseline].map((scores) => byScore(scores, members));
    const difference = (weights: Float64Array): number =>
      weightedFiguresOf(candidate, examples, a ?? members, weights).auc -
      weightedFiguresOf(baseline, examples, b ?? members, weights).auc;
    const plain = difference(new Float64Array(examples.labels.length).fill(1));
    return { decision, advantage: plain, interval: intervalOf(replicatesOf(examples, members, options, difference)) };
  });
}

function overPoints<T>(examples: Examples, judge: (members: Uint32Array, decision: number | 'all') => T): T[] {
  const all = Uint32Array.from(examples.labels, (_, i) => i);
  const points = DECISION_POINTS.flatMap((events, index) => {
    const members = all.filter((i) => examples.decision[i] === index);
    return members.length === 0 ? [] : [judge(members, events)];
  });
  return [...points, judge(all, 'all')];
}

/** Draws sessions again and again, and hands on how often each example is in the sample. */
function replicatesOf<T>(
  { session, labels }: Examples,
  members: Uint32Array,
  { replicates = members.length > 100_000 ? 50 : 200, seed = 1 }: BootstrapOptions,
  figure: (weights: Float64Array) => T,
): T[] {
  const random = seededRandom(seed);
  const groupOf = new Int32Array(labels.length);
  const numbers = new Map<number, number>();
  for (const i of members) {
    const key = session?.[i] ?? i;
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    groupOf[i] = known;
  }
  const groups = numbers.size;
  const counts = new Float64Array(groups);
  const weights = new Float64Array(labels.length);
  return Array.from({ length: replicates }, () => {
    counts.fill(0);
    for (let i = 0; i < groups; i++) {
      const drawn = Math.floor(random.uniform() * groups);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const i of members) weights[i] = counts[groupOf[i] ?? 0] ?? 0;
    return figure(weights);
  });
}

/** Examples from the highest score to the lowest. */
function byScore(scores: ArrayLike<number>, members: Uint32Array): Uint32Array {
  return members.slice().sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}

const sorted = new WeakMap<Uint32Array, { readonly scores: ArrayLike<number>; readonly order: Uint32Array }>();

function weightedFigures(
  scores: ArrayLike<number>,
  examples: Examples,
  members: Uint32Array,
  weights: Float64Array,
): Figures {
  let known = sorted.get(members);
  if (known?.scores !== scores) sorted.set(members, (known = { scores, order: byScore(scores, members) }));
  return weightedFiguresOf(scores, examples, known.order, weights);
}

/** Metrics of a weighted sample in one pass over examples that are sorted from the highest score down. */
function weightedFiguresOf(
  scores: ArrayLike<number>,
  { labels }: Examples,
  order: Uint32Array,
  weights: Float64Array,
): Figures {
  let [positives, negatives, all] = [0, 0, 0];
  for (const i of order) {
    const w = weights[i] ?? 0;
    if (labels[i] === 1) positives += w;
    else negatives += w;
    all += w;
  }
  let [area, precision, loss, squares, above, seen] = [0, 0, 0, 0, 0, 0];
  for (let at = 0; at < order.length;) {
    const score = scores[order[at] ?? 0] ?? 0;
    let [tiedPositives, tied] = [0, 0];
    for (; at < order.length && scores[order[at] ?? 0] === score; at++) {
      const w = weights[order[at] ?? 0] ?? 0;
      tied += w;
      if (labels[order[at] ?? 0] === 1) tiedPositives += w;
    }
    if (tied === 0) continue;
    const tiedNegatives = tied - tiedPositives;
    area += tiedNegatives * (above + tiedPositives / 2);
    above += tiedPositives;
    seen += tied;
    precision += tiedPositives * (above / seen);
    const kept = Math.min(Math.max(score, Number.EPSILON), 1 - Number.EPSILON);
    loss -= tiedPositives * Math.log(kept) + tiedNegatives * Math.log1p(-kept);
    squares += tiedPositives * (1 - score) ** 2 + tiedNegatives * score ** 2;
  }
  return {
    auc: area / (positives * negatives),
    averagePrecision: precision / positives,
    logLoss: loss / all,
    brier: squares / all,
  };
}

/** The middle 95 percent. Null where a figure does not exist, as the AUC of one class. */
function intervalOf(values: readonly number[]): Interval | null {
  if (values.length === 0 || values.some((value) => !Number.isFinite(value))) return null;
  const inOrder = Float64Array.from(values).sort();
  const at = (share: number): number => {
    const place = share * (inOrder.length - 1);
    const low = inOrder[Math.floor(place)] ?? 0;
    return low + ((inOrder[Math.ceil(place)] ?? low) - low) * (place % 1);
  };
  return { low: at(0.025), high: at(0.975) };
}
