import type { Examples } from '../features/index.ts';
import { DECISION_POINTS, TOKENS, examplesOf } from '../features/index.ts';

/**
 * For tests: shoppers of several kinds, each session at a decision point, tokens without the start. The kinds make events
 * of one session alike, as in real shops.
 */
export function shop(random: () => number): () => number[] {
  return () => {
    // How much this shopper looks at products rather than lists, and how long.
    const looks = random();
    const before = Math.floor(-Math.log(1 - random()) * 6 * (0.5 + looks));
    const after = DECISION_POINTS[Math.floor(random() ** 2 * DECISION_POINTS.length)] ?? 0;
    const look = (): number => (random() < looks ? TOKENS.detail : TOKENS.view);
    const act = (): number => (random() < 0.15 ? TOKENS.add : random() < 0.1 ? TOKENS.remove : look());
    return [...Array.from({ length: before }, look), TOKENS.add, ...Array.from({ length: after }, act)];
  };
}

/** For tests: examples of that shop, a probability for each, and labels drawn from those probabilities. */
export function shopExamples(
  n: number,
  random: () => number,
): { readonly examples: Examples; readonly scores: readonly number[] } {
  const next = shop(random);
  const list = Array.from({ length: n }, () => {
    const events = next();
    const score = scoreOf(events);
    const decision = DECISION_POINTS.indexOf((events.length - 1 - events.indexOf(TOKENS.add)) as 0);
    const label: 0 | 1 = random() < score ? 1 : 0;
    return { tokens: [TOKENS.start, ...events], label, decision, score };
  });
  return { examples: examplesOf(list), scores: list.map(({ score }) => score) };
}

/** For tests: a probability of a purchase that follows what was put in the cart and taken out. */
export function scoreOf(events: readonly number[]): number {
  const count = (token: number): number => events.filter((t) => t === token).length;
  return 1 / (1 + Math.exp(2 - 0.7 * count(TOKENS.add) + count(TOKENS.remove) - 0.04 * count(TOKENS.detail)));
}
