import type { Examples } from '../../features/index.ts';
import { VOCABULARY_SIZE } from '../../features/index.ts';
import { sigmoid } from './logistic.ts';
import type { Prior } from './prior.ts';

/** Two Markov chains, of buyers and of the others, and what a step tells for one against the other. Plain data. */
export interface Markov {
  /** Tokens before that a step depends on. */
  readonly order: number;
  /**
   * ln P(to | before, buyer) − ln P(to | before, other): `logRatios[before * 7 + to]`, where `before` are the last `order` tokens as
   * digits to the base of 7, starts where there are none.
   */
  readonly logRatios: readonly number[];
}

/**
 * Counts the steps of buyers and of the others. What is known of a longer past is drawn to that of the one shorter by a token, as if `PAST`
 * steps had gone by it, so that a past that was hardly ever seen says little; steps without a past are drawn to equal shares.
 */
export function fitMarkov(examples: Examples, order = 1): Markov {
  const size = VOCABULARY_SIZE;
  let shares: readonly [Float64Array, Float64Array] = [
    new Float64Array(size).fill(1 / size),
    new Float64Array(size).fill(1 / size),
  ];
  for (let k = 0; k <= order; k++) {
    const [other, buyer] = [0, 1].map((label) => countSteps(examples, k, label));
    shares = [drawn(other, shares[0], k), drawn(buyer, shares[1], k)];
  }
  const [others, buyers] = shares;
  return { order, logRatios: Array.from(buyers, (share, step) => Math.log(share / (others[step] ?? 1))) };
}

/** Steps that a shorter past counts for: one for each token that could follow. */
const PAST = VOCABULARY_SIZE;

function countSteps({ tokens, offsets, labels }: Examples, order: number, label: number): Float64Array {
  const counts = new Float64Array(VOCABULARY_SIZE ** (order + 1));
  const pasts = VOCABULARY_SIZE ** order;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] !== label) continue;
    const end = offsets[row + 1] ?? 0;
    let past = 0;
    for (let i = (offsets[row] ?? 0) + 1; i < end; i++) {
      past = (past * VOCABULARY_SIZE + (tokens[i - 1] ?? 0)) % pasts;
      const step = past * VOCABULARY_SIZE + (tokens[i] ?? 0);
      counts[step] = (counts[step] ?? 0) + 1;
    }
  }
  return counts;
}

function drawn(counts: Float64Array | undefined, shorter: Float64Array, order: number): Float64Array {
  const made = new Float64Array(VOCABULARY_SIZE ** (order + 1));
  for (let past = 0; past < VOCABULARY_SIZE ** order; past++) {
    const from = past * VOCABULARY_SIZE;
    let total = PAST;
    for (let to = 0; to < VOCABULARY_SIZE; to++) total += counts?.[from + to] ?? 0;
    for (let to = 0; to < VOCABULARY_SIZE; to++) {
      // The past without its earliest token.
      const known = shorter[(from + to) % shorter.length] ?? 0;
      made[from + to] = ((counts?.[from + to] ?? 0) + PAST * known) / total;
    }
  }
  return made;
}

/** Bayes' rule: the odds of a buyer at the decision point, times what each step tells. */
export function scoreMarkov({ order, logRatios }: Markov, prior: Prior, examples: Examples): Float64Array {
  const { tokens, offsets, decision } = examples;
  const odds = prior.rates.map((rate) => Math.log(rate / (1 - rate)));
  const pasts = VOCABULARY_SIZE ** order;
  return Float64Array.from({ length: decision.length }, (_, row) => {
    let sum = odds[decision[row] ?? 0] ?? 0;
    const end = offsets[row + 1] ?? 0;
    let past = 0;
    for (let i = (offsets[row] ?? 0) + 1; i < end; i++) {
      past = (past * VOCABULARY_SIZE + (tokens[i - 1] ?? 0)) % pasts;
      sum += logRatios[past * VOCABULARY_SIZE + (tokens[i] ?? 0)] ?? 0;
    }
    return sigmoid(sum);
  });
}
