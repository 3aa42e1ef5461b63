import { TOKENS } from '../features/index.ts';

/** Bins of equal width that scores from 0 to 1 are counted in. */
export const SCORE_BINS = 1_000;

/** Sessions of more events are counted as having this many. */
export const MAX_LENGTH = 500;

/** Events after the first add are counted one by one up to this many. */
export const MAX_AFTER = 10;

/** Names of `lastActions`: no action at all, then the actions in the order of their tokens. */
export const LAST_ACTIONS = ['none', 'add', 'remove', 'purchase', 'detail', 'view'] as const;

/** Names of `actions`. */
export const PROFILE_ACTIONS = ['add', 'remove', 'purchase', 'detail', 'view'] as const;

/** Names of `points`: events after the first add, more than the last decision point, and no add. */
export const POINTS = [...Array.from({ length: MAX_AFTER + 1 }, (_, i) => String(i)), 'more', 'no add'] as const;

/**
 * What a set of scored sequences looks like, in counts: made of the training data once and of the live traffic for every
 * report, by the same code. Its size does not depend on how many there are.
 */
export interface Profile {
  readonly examples: number;
  /** `SCORE_BINS` counts over [0, 1]; 1 itself is in the last. */
  readonly scores: readonly number[];
  /** Counts by number of events (the start is none): 0 to `MAX_LENGTH`. */
  readonly lengths: readonly number[];
  /** Events of each action, of all sequences together, in the order of `PROFILE_ACTIONS`. */
  readonly actions: readonly number[];
  /**
   * Sums over the sequences, for the covariance of the actions' shares: of a · b for each two actions (row by row), of
   * a · n and n², where a and b are a sequence's events of an action and n all of its events.
   */
  readonly spread: { readonly cc: readonly number[]; readonly cn: readonly number[]; readonly nn: number };
  /** Sequences by the last action, in the order of `LAST_ACTIONS`. */
  readonly lastActions: readonly number[];
  /** Sequences by events after the first add, in the order of `POINTS`. */
  readonly points: readonly number[];
}

export interface Profiler {
  /** @param score NaN and what lies outside 0 to 1 is left out of the scores. */
  add(tokens: ArrayLike<number>, score: number): void;
  done(): Profile;
}

/** Collects a profile, sequence by sequence: about a microsecond each. */
export function profiler(): Profiler {
  const zeros = (n: number): number[] => Array.from({ length: n }, () => 0);
  const scores = zeros(SCORE_BINS);
  const lengths = zeros(MAX_LENGTH + 1);
  const actions = zeros(PROFILE_ACTIONS.length);
  const cc = zeros(PROFILE_ACTIONS.length ** 2);
  const cn = zeros(PROFILE_ACTIONS.length);
  const lastActions = zeros(LAST_ACTIONS.length);
  const points = zeros(POINTS.length);
  const own = new Float64Array(PROFILE_ACTIONS.length);
  let nn = 0;
  let examples = 0;
  const count = (list: number[], i: number, by = 1): void => {
    list[i] = (list[i] ?? 0) + by;
  };

  return {
    add(tokens, score) {
      examples++;
      if (score >= 0 && score <= 1) count(scores, Math.min(SCORE_BINS - 1, Math.floor(score * SCORE_BINS)));
      own.fill(0);
      let n = 0;
      let last = 0;
      let firstAdd = -1;
      for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i] ?? 0;
        if (token < TOKENS.add || token > TOKENS.view) continue;
        n++;
        if (token === TOKENS.add && firstAdd === -1) firstAdd = n;
        last = token - 1;
        own[token - 2] = (own[token - 2] ?? 0) + 1;
      }
      count(lengths, Math.min(n, MAX_LENGTH));
      count(lastActions, last);
      count(points, firstAdd === -1 ? POINTS.length - 1 : Math.min(n - firstAdd, MAX_AFTER + 1));
      nn += n * n;
      for (const [i, c] of own.entries()) {
        if (c === 0) continue;
        count(actions, i, c);
        for (const [j, other] of own.entries()) if (other !== 0) count(cc, i * own.length + j, c * other);
        count(cn, i, c * n);
      }
    },
    done: () => ({ examples, scores, lengths, actions, spread: { cc, cn, nn }, lastActions, points }),
  };
}

/** By how much, and how unevenly, counts vary more than independent draws would. */
export interface DesignEffect {
  /** Mean of the generalised design effects: 1 for independent draws. */
  readonly mean: number;
  /** Their squared coefficient of variation, 0 if all are equal. */
  readonly variation: number;
}

/**
 * By how much the shares of actions vary more than if every event were drawn alone, with sequences as clusters and the
 * linearised covariance of ratio estimates, Vᵢⱼ = Σ (cᵢ − pᵢ n)(cⱼ − pⱼ n) / (Σ n)². The design effects are the
 * eigenvalues of N · diag(1/p) · V; their mean and variation come from its traces.
 *
 * @see J. N. K. Rao, A. J. Scott, "The analysis of categorical data from complex sample surveys", JASA 76, 1981;
 *   W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, chapter 11.
 */
export function designEffect({ actions, spread: { cc, cn, nn } }: Profile): DesignEffect {
  const events = actions.reduce((sum, c) => sum + c, 0);
  const used = [...actions.keys()].filter((i) => (actions[i] ?? 0) > 0);
  if (used.length < 2) return { mean: 1, variation: 0 };
  const share = (i: number): number => (actions[i] ?? 0) / events;
  let [trace, squares] = [0, 0];
  for (const i of used) {
    for (const j of used) {
      const [p, q] = [share(i), share(j)];
      const sum = (cc[i * actions.length + j] ?? 0) - p * (cn[j] ?? 0) - q * (cn[i] ?? 0) + p * q * nn;
      const scaled = sum / events;
      if (i === j) trace += scaled / p;
      squares += (scaled * scaled) / (p * q);
    }
  }
  const degrees = used.length - 1;
  if (!(trace > 0)) return { mean: 1, variation: 0 };
  return { mean: trace / degrees, variation: Math.max(0, (squares * degrees) / trace ** 2 - 1) };
}

/**
 * The correction for a test between two samples: that of the sample with the larger effect. Without a difference both
 * estimate the same, but a few hundred sessions miss the rare long ones, and would then make the test too eager.
 */
export function sharedDesignEffect(reference: Profile, live: Profile): DesignEffect {
  const [r, l] = [designEffect(reference), designEffect(live)];
  return r.mean * (1 + r.variation) >= l.mean * (1 + l.variation) ? r : l;
}
