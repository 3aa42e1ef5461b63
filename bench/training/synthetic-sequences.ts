import type { Examples } from '../../packages/smallboat/src/features/index.ts';

/** A reproducible stream of uniform numbers (mulberry32), kept apart from the product's own. */
function uniformStream(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Chances of what follows a view, a detail, an add, a remove: add, remove, detail, view. */
const FOLLOWS: Readonly<Record<number, readonly [number, number, number, number]>> = {
  0: [0.0, 0.0, 0.25, 0.75],
  6: [0.03, 0.01, 0.28, 0.68],
  5: [0.12, 0.01, 0.37, 0.5],
  2: [0.1, 0.06, 0.24, 0.6],
  3: [0.12, 0.12, 0.26, 0.5],
};
const TOKEN = [2, 3, 5, 6] as const;

/**
 * Sequences like a shop's: lengths lognormal (mean near 12, median 7, 99th percentile near 80, longest 200), tokens from a Markov
 * chain, and a label drawn from a logit of adds, removes, recent details and length, so that the best possible AUC is known
 * to the drawing process and the order of tokens matters.
 */
export function syntheticSequences(count: number, seed: number): Examples {
  const uniform = uniformStream(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const offsets = new Uint32Array(count + 1);
  const labels = new Uint8Array(count);
  let tokens = new Uint8Array(16 * count + 256);
  let end = 0;
  for (let i = 0; i < count; i++) {
    const length = Math.max(2, Math.min(200, Math.round(Math.exp(Math.log(7) + 1.045 * normal()))));
    let previous = 0;
    let interest = 0;
    let adds = 0;
    if (end + length > tokens.length) {
      const longer = new Uint8Array(2 * tokens.length);
      longer.set(tokens);
      tokens = longer;
    }
    tokens[end++] = 0;
    for (let j = 1; j < length; j++) {
      const chances = FOLLOWS[previous] ?? [0, 0, 0, 1];
      let u = uniform();
      let k = 0;
      while (k < 3 && u >= (chances[k] ?? 0)) u -= chances[k++] ?? 0;
      const token = TOKEN[k] ?? 6;
      tokens[end++] = token;
      interest = 0.8 * interest + (token === 5 ? 0.5 : 0) + (token === 2 ? 1 : 0) - (token === 3 ? 1.2 : 0);
      adds += token === 2 ? 1 : 0;
      previous = token;
    }
    offsets[i + 1] = end;
    const logit = -1.9 + 0.9 * interest + 0.35 * Math.min(adds, 3) - 0.012 * length;
    labels[i] = uniform() < 1 / (1 + Math.exp(-logit)) ? 1 : 0;
  }
  return { tokens: tokens.slice(0, end), offsets, labels, decision: new Uint8Array(count) };
}
