import type { Examples } from '../../features/index.ts';
import { VOCABULARY_SIZE } from '../../features/index.ts';
import { sigmoid } from './logistic.ts';
import type { Prior } from './prior.ts';

/** Two first-order Markov chains, of buyers and of the others, and what a step tells for one against the other. Plain data. */
export interface Markov {
  /** ln P(to | from, buyer) − ln P(to | from, other): `logRatios[from * 7 + to]`. */
  readonly logRatios: readonly number[];
}

/** Counts the steps of buyers and of the others; every step that could be gets one count more, so that none is impossible. */
export function fitMarkov({ tokens, offsets, labels }: Examples): Markov {
  const size = VOCABULARY_SIZE;
  const counts = [new Float64Array(size * size).fill(1), new Float64Array(size * size).fill(1)] as const;
  for (let row = 0; row < labels.length; row++) {
    const mine = counts[labels[row] === 1 ? 1 : 0];
    const end = offsets[row + 1] ?? 0;
    for (let i = (offsets[row] ?? 0) + 1; i < end; i++) {
      const step = (tokens[i - 1] ?? 0) * size + (tokens[i] ?? 0);
      mine[step] = (mine[step] ?? 0) + 1;
    }
  }
  const totals = counts.map((c) =>
    Array.from({ length: size }, (_, from) => c.subarray(from * size, (from + 1) * size).reduce((a, b) => a + b)),
  );
  const share = (label: 0 | 1, step: number): number =>
    (counts[label][step] ?? 1) / (totals[label]?.[Math.floor(step / size)] ?? 1);
  return { logRatios: Array.from({ length: size * size }, (_, step) => Math.log(share(1, step) / share(0, step))) };
}

/** Bayes' rule: the odds of a buyer at the decision point, times what each step tells. */
export function scoreMarkov({ logRatios }: Markov, prior: Prior, examples: Examples): Float64Array {
  const { tokens, offsets, decision } = examples;
  const odds = prior.rates.map((rate) => Math.log(rate / (1 - rate)));
  return Float64Array.from({ length: decision.length }, (_, row) => {
    let sum = odds[decision[row] ?? 0] ?? 0;
    const end = offsets[row + 1] ?? 0;
    for (let i = (offsets[row] ?? 0) + 1; i < end; i++) {
      sum += logRatios[(tokens[i - 1] ?? 0) * VOCABULARY_SIZE + (tokens[i] ?? 0)] ?? 0;
    }
    return sigmoid(sum);
  });
}
