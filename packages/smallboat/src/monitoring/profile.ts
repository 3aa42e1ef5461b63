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
  /** Sums over the sequences, for the variance of the actions' shares: of c², c · n and n² (c of an action, n of all events). */
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
  const cc = zeros(PROFILE_ACTIONS.length);
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
        count(cc, i, c * c);
        count(cn, i, c * n);
      }
    },
    done: () => ({ examples, scores, lengths, actions, spread: { cc, cn, nn }, lastActions, points }),
  };
}

/**
 * By how much the shares of actions vary more than if every event were drawn alone: the mean design effect of sessions
 * as clusters, with the variance of a ratio estimate, Var(pₐ) = Σ (cₐ − pₐ n)² / (Σ n)². 1 if there is nothing to tell.
 *
 * @see W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, 9A and 11.
 */
export function designEffect({ actions, spread }: Profile): number {
  const events = actions.reduce((sum, c) => sum + c, 0);
  let [sum, used] = [0, 0];
  for (const [i, c] of actions.entries()) {
    if (c === 0 || c === events) continue;
    const p = c / events;
    const variance = ((spread.cc[i] ?? 0) - 2 * p * (spread.cn[i] ?? 0) + p * p * spread.nn) / events ** 2;
    sum += (1 - p) * (variance / ((p * (1 - p)) / events));
    used++;
  }
  return used < 2 ? 1 : Math.max(sum / (used - 1), Number.MIN_VALUE);
}

/**
 * The divisor for a test between two samples of clusters: each one's design effect, weighted by the other's size, so that
 * the smaller sample, which decides the variance of the difference, weighs more.
 *
 * @see A. J. Scott, J. N. K. Rao, "Chi-squared tests for contingency tables with proportions estimated from survey data", 1981.
 */
export function sharedDesignEffect(reference: Profile, live: Profile): number {
  const [n, m] = [reference, live].map((p) => p.actions.reduce((sum, c) => sum + c, 0));
  if (n === undefined || m === undefined || n + m === 0) return 1;
  return (designEffect(reference) * m + designEffect(live) * n) / (n + m);
}
