/** How one contender did at one decision point, on the same examples as the others. */
export interface PointScore {
  /** Events after the first add. */
  readonly point: number;
  readonly positives: number;
  readonly negatives: number;
  readonly rocAuc: number;
  /** Mean, in nats. */
  readonly logLoss: number;
}

export interface Contender {
  readonly name: string;
  readonly points: readonly PointScore[];
  /**
   * Of a baseline: the standard errors of the candidate's difference to it at each point, in the order of `points`, if the
   * caller has paired ones (`pairedDifference`). Without them the AUC's are estimated as if the two had seen different
   * examples, which is stricter, and the log loss is compared with its margin alone.
   */
  readonly differenceErrors?: { readonly rocAuc: readonly number[]; readonly logLoss: readonly number[] };
}

export interface GateRule {
  /** What a candidate is measured by. Default both. */
  readonly metrics?: readonly ('rocAuc' | 'logLoss')[];
  /** By how much it must be better. Default 0. */
  readonly margin?: number;
  /** How many standard errors of the difference are added to the margin. Default 1.645: one-sided 95 %. */
  readonly standardErrors?: number;
}

export interface GateComparison {
  readonly baseline: string;
  readonly metric: 'rocAuc' | 'logLoss';
  /** Means over the decision points. */
  readonly candidate: number;
  readonly against: number;
  /** How much better the candidate is: above 0 is better, for the log loss too. */
  readonly advantage: number;
  /** Standard error of the advantage; 0 if it is not known. */
  readonly error: number;
  /** What the advantage has to exceed. */
  readonly needed: number;
  readonly passed: boolean;
}

export interface GateResult {
  readonly passed: boolean;
  /** A sentence with the numbers. */
  readonly reason: string;
  readonly comparisons: readonly GateComparison[];
}

/**
 * Lets a candidate through only if it beats every baseline on every metric of the rule, by more than the margin and
 * chance. A figure that does not exist (the AUC of one class) lets nobody through. The errors of the points are averaged
 * as if fully correlated, for the same sessions are in them: the mean's error is not made smaller than it is.
 */
export function gate(options: {
  readonly candidate: Contender;
  readonly baselines: readonly Contender[];
  readonly rule?: GateRule;
}): GateResult {
  const { candidate, baselines, rule = {} } = options;
  const { metrics = ['rocAuc', 'logLoss'] } = rule;
  const points = candidate.points.map((p) => p.point);
  const refuse = (reason: string): GateResult => ({ passed: false, reason: `Refused: ${reason}`, comparisons: [] });
  if (baselines.length === 0) return refuse(`there is no baseline to compare ${candidate.name} with.`);
  if (points.length === 0) return refuse(`${candidate.name} was measured at no decision point.`);
  for (const { name, points: own } of baselines) {
    if (own.length === points.length && own.every((p, i) => p.point === points[i])) continue;
    return refuse(
      `${candidate.name} was measured at the points ${points.join(', ')} and ${name} at ${own.map((p) => p.point).join(', ') || 'none'}.`,
    );
  }
  const comparisons = baselines.flatMap((baseline) =>
    metrics.map((metric) => compare(candidate, baseline, metric, rule)),
  );
  const failed = comparisons.filter((c) => !c.passed);
  if (failed.length > 0) {
    const others =
      failed.length > 1 ? ` (and ${failed.length - 1} more of ${comparisons.length} comparisons failed)` : '';
    return {
      passed: false,
      reason: `Refused: ${candidate.name} does not beat ${sentence(hardest(failed))}${others}.`,
      comparisons,
    };
  }
  const best = metrics.map((metric) => sentence(hardest(comparisons.filter((c) => c.metric === metric))));
  const all = baselines.length === 1 ? 'the baseline' : `all ${baselines.length} baselines, the hardest of them`;
  return { passed: true, reason: `Passed: ${candidate.name} beats ${all} ${best.join('; ')}.`, comparisons };
}

const NAMES = { rocAuc: 'ROC-AUC', logLoss: 'log loss' } as const;

function compare(
  candidate: Contender,
  baseline: Contender,
  metric: 'rocAuc' | 'logLoss',
  rule: GateRule,
): GateComparison {
  const { margin = 0, standardErrors = 1.645 } = rule;
  const mine = mean(candidate.points.map((p) => p[metric]));
  const theirs = mean(baseline.points.map((p) => p[metric]));
  const advantage = metric === 'rocAuc' ? mine - theirs : theirs - mine;
  const error = differenceError(candidate, baseline, metric);
  const needed = margin + standardErrors * error;
  // A comparison with NaN is false, and so not passed.
  return {
    baseline: baseline.name,
    metric,
    candidate: mine,
    against: theirs,
    advantage,
    error,
    needed,
    passed: advantage > needed,
  };
}

function differenceError(candidate: Contender, baseline: Contender, metric: 'rocAuc' | 'logLoss'): number {
  const paired = baseline.differenceErrors?.[metric];
  if (paired !== undefined) return mean(paired);
  if (metric === 'logLoss') return 0;
  return mean(candidate.points.map((p, i) => Math.hypot(aucError(p), aucError(baseline.points[i] ?? p))));
}

/**
 * Standard error of an area under the ROC curve.
 *
 * @see J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.
 */
function aucError({ rocAuc, positives, negatives }: PointScore): number {
  const q1 = rocAuc / (2 - rocAuc);
  const q2 = (2 * rocAuc * rocAuc) / (1 + rocAuc);
  const square = rocAuc * rocAuc;
  const variance = rocAuc * (1 - rocAuc) + (positives - 1) * (q1 - square) + (negatives - 1) * (q2 - square);
  return Math.sqrt(Math.max(0, variance) / (positives * negatives));
}

/** The comparison that is passed by the least, or failed by the most. */
function hardest(comparisons: readonly GateComparison[]): GateComparison | undefined {
  const slack = ({ advantage, needed }: GateComparison): number =>
    Number.isNaN(advantage - needed) ? -Infinity : advantage - needed;
  return comparisons.reduce<GateComparison | undefined>(
    (a, b) => (a === undefined || slack(b) < slack(a) ? b : a),
    undefined,
  );
}

function sentence(c: GateComparison | undefined): string {
  if (c === undefined) return '';
  const error = c.error > 0 ? ` ± ${figure(c.error)}` : '';
  const name = NAMES[c.metric];
  return `${c.baseline}: mean ${name} ${figure(c.candidate)} against ${figure(c.against)}, better by ${figure(c.advantage)}${error}, needed more than ${figure(c.needed)}`;
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toFixed(4).replace('-', '−') : String(value);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
