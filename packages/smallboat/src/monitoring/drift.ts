import type { Counts } from './distance.ts';
import { jensenShannon, kolmogorovSmirnov, psi, shares, total } from './distance.ts';
import type { DesignEffect, Profile } from './profile.ts';
import { LAST_ACTIONS, MAX_LENGTH, POINTS, PROFILE_ACTIONS, SCORE_BINS, sharedDesignEffect } from './profile.ts';
import { chiSquare, holm, kolmogorovP } from './significance.ts';

/** `unknown`: too few predictions to say. */
export type DriftStatus = 'none' | 'some' | 'drift' | 'unknown';

export interface DriftRule {
  /** Fewer predictions than this are not judged. Default 200. */
  readonly minimum?: number;
  /** Chance of one false alarm or more in a report without drift, all features together. Default 0.01. */
  readonly alpha?: number;
  /** A significant difference is `some` from this PSI on. Default 0.1. */
  readonly some?: number;
  /** A significant difference is `drift` from this PSI on. Default 0.25. */
  readonly drift?: number;
}

/** How one property of the traffic compares with the reference. */
export interface FeatureDrift {
  readonly feature: 'score' | 'length' | 'actions' | 'last action' | 'decision point';
  /** What it is, in words. */
  readonly meaning: string;
  readonly status: DriftStatus;
  /** In nats, over the bins below. */
  readonly psi: number;
  /** Jensen–Shannon distance over the bins below, 0 to 0.833. */
  readonly jensenShannon: number;
  readonly test: {
    /** Kolmogorov–Smirnov, chi-square, chi-square corrected for events coming in sessions. */
    readonly name: 'KS' | 'χ²' | 'χ² by session';
    readonly statistic: number;
    readonly p: number;
    /** Holm's, over the features of the report. */
    readonly adjustedP: number;
  };
  /** Names of the bins. */
  readonly bins: readonly string[];
  /** Share of each bin, summing to 1. */
  readonly reference: readonly number[];
  readonly live: readonly number[];
}

/**
 * Compares live traffic with the reference, feature by feature. A difference counts only if it is both significant, after
 * correction for the number of features, and large (PSI): the first keeps small samples from raising alarms, the second
 * large ones, where every trifle is significant.
 *
 * Scores and lengths are tested by Kolmogorov–Smirnov over their fine bins and shown in about ten bins of equal share in
 * the reference; categories by chi-square, that of actions corrected for coming in sessions.
 */
export function compareProfiles(reference: Profile, live: Profile, rule: DriftRule = {}): readonly FeatureDrift[] {
  const features = [
    ordered({
      feature: 'score',
      meaning: 'predicted probability that the shopper buys',
      reference: reference.scores,
      live: live.scores,
      edge: (bin) => String(Number((bin / SCORE_BINS).toPrecision(3))),
      isWhole: false,
    }),
    ordered({
      feature: 'length',
      meaning: 'events in the session so far',
      reference: reference.lengths,
      live: live.lengths,
      edge: String,
      isWhole: true,
    }),
    categories({
      feature: 'actions',
      meaning: 'share of each action among all events',
      bins: PROFILE_ACTIONS,
      reference: reference.actions,
      live: live.actions,
      designEffect: sharedDesignEffect(reference, live),
    }),
    categories({
      feature: 'last action',
      meaning: 'action just before the prediction',
      bins: LAST_ACTIONS,
      reference: reference.lastActions,
      live: live.lastActions,
    }),
    categories({
      feature: 'decision point',
      meaning: 'events since the first add to the cart',
      bins: POINTS,
      reference: reference.points,
      live: live.points,
    }),
  ];
  const adjusted = holm(features.map((f) => f.test.p));
  return features.map((f, i) => {
    const adjustedP = adjusted[i] ?? Number.NaN;
    return { ...f, test: { ...f.test, adjustedP }, status: statusOf(f.psi, adjustedP, live.examples, rule) };
  });
}

/** The worst status among features. */
export function worstStatus(features: readonly FeatureDrift[]): DriftStatus {
  const has = (status: DriftStatus): boolean => features.some((f) => f.status === status);
  return has('drift') ? 'drift' : has('some') ? 'some' : has('none') ? 'none' : 'unknown';
}

function statusOf(
  effect: number,
  p: number,
  n: number,
  { minimum = 200, alpha = 0.01, some = 0.1, drift = 0.25 }: DriftRule,
): DriftStatus {
  if (n < minimum || Number.isNaN(p) || Number.isNaN(effect)) return 'unknown';
  if (p >= alpha || effect < some) return 'none';
  return effect >= drift ? 'drift' : 'some';
}

type Unjudged = Omit<FeatureDrift, 'status' | 'test'> & { readonly test: Omit<FeatureDrift['test'], 'adjustedP'> };

interface Categories {
  readonly feature: FeatureDrift['feature'];
  readonly meaning: string;
  readonly bins: readonly string[];
  readonly reference: Counts;
  readonly live: Counts;
  readonly designEffect?: DesignEffect;
}

function categories({ feature, meaning, bins, reference, live, designEffect }: Categories): Unjudged {
  const used = bins.flatMap((_, i) => ((reference[i] ?? 0) + (live[i] ?? 0) > 0 ? [i] : []));
  const r = used.map((i) => reference[i] ?? 0);
  const l = used.map((i) => live[i] ?? 0);
  const { statistic, p } = chiSquare(...poolRare(r, l), designEffect);
  const name = designEffect === undefined ? 'χ²' : 'χ² by session';
  return { ...compared(r, l), feature, meaning, bins: used.map((i) => bins[i] ?? ''), test: { name, statistic, p } };
}

/** Bins with less than five expected live counts go together: chi-square is wrong for them one by one (Cochran 1954). */
function poolRare(reference: readonly number[], live: readonly number[]): [number[], number[]] {
  const [n, m] = [total(reference), total(live)];
  const r: number[] = [];
  const l: number[] = [];
  const rare = [0, 0] as [number, number];
  for (const [i, a] of reference.entries()) {
    const b = live[i] ?? 0;
    if (((a + b) * Math.min(n, m)) / (n + m) < 5) {
      rare[0] += a;
      rare[1] += b;
    } else {
      r.push(a);
      l.push(b);
    }
  }
  return rare[0] + rare[1] === 0
    ? [r, l]
    : [
        [...r, rare[0]],
        [...l, rare[1]],
      ];
}

interface Ordered {
  readonly feature: FeatureDrift['feature'];
  readonly meaning: string;
  /** Counts over fine bins in order. */
  readonly reference: Counts;
  readonly live: Counts;
  /** The lower end of a fine bin, in words. */
  readonly edge: (bin: number) => string;
  /** Whether a fine bin is one whole number. */
  readonly isWhole: boolean;
}

function ordered({ feature, meaning, reference, live, edge, isWhole }: Ordered): Unjudged {
  const statistic = kolmogorovSmirnov(reference, live);
  const p = kolmogorovP(statistic, total(reference), total(live));
  const starts = quantileStarts(reference, 10);
  const sumOf = (counts: Counts, from: number, to: number): number => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += counts[i] ?? 0;
    return sum;
  };
  const ends = [...starts.slice(1), reference.length];
  const bins = starts.map((start, i) => {
    const end = ends[i] ?? start;
    if (isWhole && end - start === 1) return edge(start);
    if (isWhole) return end > MAX_LENGTH ? `${edge(start)} or more` : `${edge(start)}–${edge(end - 1)}`;
    return `${edge(start)}–${edge(end)}`;
  });
  const r = starts.map((start, i) => sumOf(reference, start, ends[i] ?? start));
  const l = starts.map((start, i) => sumOf(live, start, ends[i] ?? start));
  return { ...compared(r, l), feature, meaning, bins, test: { name: 'KS', statistic, p } };
}

/** Where to begin bins so that each holds about an equal share; a fine bin that alone holds more stays one. */
function quantileStarts(counts: Counts, bins: number): number[] {
  const goal = total(counts) / bins;
  const starts = [0];
  let inBin = 0;
  for (let i = 0; i < counts.length; i++) {
    const next = counts[i] ?? 0;
    // Closing before a bin that would overshoot by more than is missing keeps common values apart from their neighbours.
    if (inBin > 0 && next > 0 && (inBin >= goal || inBin + next - goal > goal - inBin)) {
      starts.push(i);
      inBin = 0;
    }
    inBin += next;
  }
  return starts;
}

function compared(
  r: readonly number[],
  l: readonly number[],
): Pick<FeatureDrift, 'psi' | 'jensenShannon' | 'reference' | 'live'> {
  return { psi: psi(r, l), jensenShannon: jensenShannon(r, l), reference: shares(r), live: shares(l) };
}
