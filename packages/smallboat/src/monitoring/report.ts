import type { WorkOptions } from '../kernel/index.ts';
import type { DriftRule, DriftStatus, FeatureDrift } from './drift.ts';
import { compareProfiles, worstStatus } from './drift.ts';
import type { Estimate, Estimated } from './estimate.ts';
import { ESTIMATED, estimatePerformance } from './estimate.ts';
import { latestFeedback } from './latest-feedback.ts';
import type { Performance } from './performance.ts';
import { measure } from './performance.ts';
import { profiler } from './profile.ts';
import { readLog } from './read-log.ts';
import type { Reference } from './reference.ts';
import { normalTail } from './significance.ts';

export interface DriftReportOptions extends WorkOptions {
  readonly reference: Reference;
  /** Folder of the prediction log. */
  readonly folder: string;
  /** Predictions made from this time on, milliseconds since 1970. Default: from the beginning of the log. */
  readonly from?: number;
  /** Predictions made before this time. Default: now. */
  readonly to?: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Only predictions of this version of the model. Default: all. */
  readonly modelVersion?: string;
  readonly rule?: DriftRule;
}

export interface Named {
  readonly name: string;
  readonly predictions: number;
}

/** A piece of the time line. */
export interface TimeBucket {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly predictions: number;
  /** NaN without predictions. */
  readonly meanScore: number;
}

/** Measured on the predictions that feedback named. */
export interface LivePerformance {
  readonly status: 'as trained' | 'worse' | 'unknown';
  readonly sentence: string;
  readonly live: Performance;
}

/** Estimated without labels. */
export interface EstimatedPerformance {
  readonly status: 'as trained' | 'worse' | 'unknown';
  readonly sentence: string;
  readonly figures: Readonly<Record<Estimated, Estimate>>;
  /** The estimates for the reference; NaN where they cannot be had. */
  readonly reference: Readonly<Record<Estimated, number>>;
}

/** Live traffic against the reference. Plain data; NaN stands for a figure that cannot be had. */
export interface DriftReport {
  readonly madeAt: number;
  /** Milliseconds since 1970 of what was asked for, and of the first and last prediction in it. */
  readonly window: { readonly from?: number; readonly to: number; readonly first?: number; readonly last?: number };
  readonly reference: Pick<Reference, 'madeAt' | 'model' | 'lineage' | 'sha256' | 'performance'> & {
    readonly examples: number;
  };
  readonly status: DriftStatus;
  /** Chance of a false verdict that the tests were held to, each. */
  readonly alpha: number;
  /** The verdict in a sentence. */
  readonly sentence: string;
  readonly predictions: number;
  readonly meanScore: number;
  readonly endpoints: readonly Named[];
  readonly modelVersions: readonly Named[];
  readonly features: readonly FeatureDrift[];
  readonly bucketMs: number;
  readonly timeline: readonly TimeBucket[];
  /** Absent until feedback arrives. */
  readonly performance?: LivePerformance;
  /** Absent without predictions, or with a reference written before there was an estimator in it. */
  readonly estimated?: EstimatedPerformance;
  /** Predictions that the log had to drop. */
  readonly dropped: number;
  /** Scores outside 0 to 1. */
  readonly invalidScores: number;
  /** What could not be read, in sentences; the first twenty, and how many there are in all. */
  readonly problems: readonly string[];
  readonly problemCount: number;
}

/**
 * Reads a window of the prediction log once, and compares it with the reference. Memory grows with the predictions (8
 * bytes each), those that feedback names (about 100 bytes each) and the problems listed. Feedback counts whenever it arrived, the
 * latest for each prediction.
 */
export async function driftReport(options: DriftReportOptions): Promise<DriftReport> {
  const { reference, folder, now, signal, onProgress } = options;
  const to = options.to ?? now;
  const labels = await latestFeedback({
    folder,
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(signal ? { signal } : {}),
  });
  const problems: string[] = [];
  let problemCount = 0;
  const profile = profiler();
  const endpoints = new Map<string, number>();
  const versions = new Map<string, number>();
  const line = timeLine();
  const scores: number[] = [];
  const known = { scores: [] as number[], labels: [] as number[] };
  let [sum, valid, invalidScores, dropped, first, last] = [0, 0, 0, 0, Infinity, -Infinity];

  const window = { to, ...(options.from === undefined ? {} : { from: options.from }) };
  const onProblem = (problem: string): void => {
    problemCount++;
    if (problems.length < 20) problems.push(problem);
  };
  let read = 0;
  for await (const entry of readLog({ folder, ...window, ...(signal ? { signal } : {}), onProblem })) {
    if (entry.kind === 'dropped') dropped += entry.count;
    if (entry.kind !== 'prediction') continue;
    if (++read % 100_000 === 0) onProgress?.(0.5, `${read} predictions read`);
    versions.set(entry.modelVersion, (versions.get(entry.modelVersion) ?? 0) + 1);
    if (options.modelVersion !== undefined && entry.modelVersion !== options.modelVersion) continue;
    endpoints.set(entry.endpoint, (endpoints.get(entry.endpoint) ?? 0) + 1);
    const score = entry.prediction;
    profile.add(entry.tokens, score);
    line.add(entry.at, score);
    if (score >= 0 && score <= 1) scores.push(score);
    first = Math.min(first, entry.at);
    last = Math.max(last, entry.at);
    if (!(score >= 0 && score <= 1)) {
      invalidScores++;
      continue;
    }
    valid++;
    sum += score;
    const label = labels.get(entry.id);
    if (label !== undefined) {
      known.scores.push(score);
      known.labels.push(label);
    }
  }
  const live = profile.done();
  const features = compareProfiles(reference.profile, live, options.rule);
  const status = worstStatus(features);
  onProgress?.(1);
  return {
    madeAt: now,
    window: { ...window, ...(live.examples > 0 ? { first, last } : {}) },
    reference: {
      madeAt: reference.madeAt,
      model: reference.model,
      lineage: reference.lineage,
      sha256: reference.sha256,
      performance: reference.performance,
      examples: reference.profile.examples,
    },
    status,
    alpha: options.rule?.alpha ?? 0.01,
    sentence: verdict(status, features, { n: live.examples, minimum: options.rule?.minimum ?? 200 }),
    predictions: live.examples,
    meanScore: sum / valid,
    endpoints: named(endpoints),
    modelVersions: named(versions),
    features,
    ...line.done(),
    ...(known.scores.length > 0
      ? { performance: livePerformance(reference, measure(known.scores, known.labels), options.rule) }
      : {}),
    ...estimatedPerformance(reference, scores, options.rule),
    dropped,
    invalidScores,
    problems,
    problemCount,
  };
}

function named(counts: ReadonlyMap<string, number>): Named[] {
  return [...counts]
    .map(([name, predictions]) => ({ name, predictions }))
    .sort((a, b) => b.predictions - a.predictions);
}

function verdict(
  status: DriftStatus,
  features: readonly FeatureDrift[],
  { n, minimum }: { readonly n: number; readonly minimum: number },
): string {
  const count = `${n.toLocaleString('en')} prediction${n === 1 ? '' : 's'}`;
  if (status === 'unknown') {
    return `Too few predictions to judge: ${n.toLocaleString('en')}, and at least ${minimum.toLocaleString('en')} are needed.`;
  }
  const moved = features.filter((f) => f.status === 'drift' || f.status === 'some').sort((a, b) => b.psi - a.psi);
  const list = moved.map((f) => `${f.feature} (PSI ${f.psi.toFixed(2)})`).join(', ');
  switch (status) {
    case 'none':
      return `No drift: ${count} look like the data that the model was judged on.`;
    case 'some':
      return `Some drift: in ${count} there is a moderate change of ${list}. Watch it.`;
    case 'drift':
    default:
      return `Drift: ${count} do not look like the data that the model was judged on. Changed: ${list}. Find out why before trusting the scores.`;
  }
}

/** Worse: an AUC that is lower by 0.02 or more, and by more than chance explains (one-sided). */
function livePerformance(reference: Reference, live: Performance, { alpha = 0.01 }: DriftRule = {}): LivePerformance {
  const { rocAuc: trained, rocAucError: trainedError } = reference.performance;
  const classes = `${live.examples.toLocaleString('en')} predictions with feedback`;
  if (
    trained === null ||
    trainedError === null ||
    Number.isNaN(live.rocAuc) ||
    Math.min(live.positives, live.examples - live.positives) < 20
  ) {
    return {
      status: 'unknown',
      sentence: `Too little feedback to judge: ${classes}, and at least 20 of each outcome are needed.`,
      live,
    };
  }
  const fall = trained - live.rocAuc;
  const p = normalTail(fall / Math.hypot(trainedError, live.rocAucError));
  const isWorse = p < alpha && fall >= 0.02;
  const figures = `ROC-AUC ${live.rocAuc.toFixed(3)} (± ${live.rocAucError.toFixed(3)}) against ${trained.toFixed(3)} before it went live`;
  const sentence = isWorse
    ? `The model has become worse: on ${classes}, ${figures}.`
    : `The model does as before: on ${classes}, ${figures}.`;
  return { status: isWorse ? 'worse' : 'as trained', sentence, live };
}

/** Worse: an estimated AUC that is lower by 0.02 or more, and by more than chance explains (one-sided). */
function estimatedPerformance(
  reference: Reference,
  scores: readonly number[],
  { alpha = 0.01, minimum = 200 }: DriftRule = {},
): { readonly estimated?: EstimatedPerformance } {
  if (reference.estimator === undefined || scores.length === 0) return {};
  const { threshold, calibration, unitErrors, own } = reference.estimator;
  const known = (of: Readonly<Record<Estimated, number | null>>): Record<Estimated, number> =>
    Object.fromEntries(ESTIMATED.map((name) => [name, of[name] ?? Number.NaN])) as ReturnType<typeof known>;
  const figures = estimatePerformance({ threshold, calibration, unitErrors: known(unitErrors) }, scores);
  const before = known(own);
  const { value, error } = figures.rocAuc;
  const fall = before.rocAuc - value;
  const p = normalTail(fall / Math.hypot(error, error * Math.sqrt(scores.length / reference.profile.examples)));
  const isKnown = scores.length >= minimum && !Number.isNaN(p);
  const status = !isKnown ? 'unknown' : p < alpha && fall >= 0.02 ? 'worse' : 'as trained';
  const says = `ROC-AUC ${value.toFixed(3)} (± ${error.toFixed(3)}) by the scores alone, and ${before.rocAuc.toFixed(3)} by those of the reference`;
  const sentence =
    status === 'unknown'
      ? 'Too few predictions to estimate how good they are.'
      : status === 'worse'
        ? `Without waiting for labels: the model is likely worse on these shoppers, ${says}.`
        : `Without waiting for labels: the model is likely as good as before, ${says}.`;
  return { estimated: { status, sentence, figures, reference: before } };
}

/** Widths of buckets; each divides the next, so that narrow ones can be put together. */
const BUCKETS_MS = [1, 5, 10, 50, 100, 500, 1_000, 5_000, 15_000, 60_000, 300_000, 900_000].concat([
  3_600_000, 10_800_000, 21_600_000, 86_400_000,
]);

/** Collects volume and scores over time into at most 60 buckets, which widen as the time covered grows. */
function timeLine(): {
  add(at: number, score: number): void;
  done(): { readonly bucketMs: number; readonly timeline: readonly TimeBucket[] };
} {
  let width = 1;
  let buckets = new Map<number, { n: number; valid: number; sum: number }>();
  let [low, high] = [Infinity, -Infinity];
  const widen = (): void => {
    const needed = (high - low) / 58;
    width = BUCKETS_MS.find((w) => w >= needed) ?? Math.max(width, 86_400_000);
    while (width < needed) width *= 2;
    const wider: typeof buckets = new Map();
    for (const [at, bucket] of buckets) {
      const into = wider.get(Math.floor(at / width) * width) ?? { n: 0, valid: 0, sum: 0 };
      into.n += bucket.n;
      into.valid += bucket.valid;
      into.sum += bucket.sum;
      wider.set(Math.floor(at / width) * width, into);
    }
    buckets = wider;
  };
  return {
    add(at, score) {
      low = Math.min(low, at);
      high = Math.max(high, at);
      if ((high - low) / width > 58) widen();
      const key = Math.floor(at / width) * width;
      const bucket = buckets.get(key) ?? { n: 0, valid: 0, sum: 0 };
      bucket.n++;
      if (score >= 0 && score <= 1) {
        bucket.valid++;
        bucket.sum += score;
      }
      buckets.set(key, bucket);
    },
    done() {
      const timeline: TimeBucket[] = [];
      if (buckets.size === 0) return { bucketMs: width, timeline };
      for (let from = Math.floor(low / width) * width; from <= high; from += width) {
        const { n = 0, valid = 0, sum = 0 } = buckets.get(from) ?? {};
        timeline.push({ from, predictions: n, meanScore: sum / valid });
      }
      return { bucketMs: width, timeline };
    },
  };
}
