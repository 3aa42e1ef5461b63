/** What comes of acting on the examples with the highest scores. */
export interface LiftPoint {
  /** Share of the examples that are acted on, above 0 to 1. */
  readonly share: number;
  /** Share of them that buys. */
  readonly precision: number;
  /** How many times the share of buyers among all that is. 1 says nothing. */
  readonly lift: number;
  /** Share of all buyers that are among them. */
  readonly reached: number;
}

/**
 * The lift curve: what a shop that can act on some of its carts finds among those with the highest scores. Of equal scores a part counts
 * as much as its share of them.
 *
 * @param scores n numbers. @param labels n of 0 or 1.
 * @param shares Default 0.05, 0.1, … 1. Empty where there is no buyer.
 */
export function liftCurve(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  shares: readonly number[] = Array.from({ length: 20 }, (_, i) => (i + 1) / 20),
): readonly LiftPoint[] {
  const n = labels.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  // Buyers among the first k, for each k; within ties as if they were spread evenly.
  const found = new Float64Array(n + 1);
  for (let at = 0; at < n;) {
    let end = at;
    let buyers = 0;
    for (; end < n && scores[order[end] ?? 0] === scores[order[at] ?? 0]; end++) buyers += labels[order[end] ?? 0] ?? 0;
    for (let k = at; k < end; k++) found[k + 1] = (found[k] ?? 0) + buyers / (end - at);
    at = end;
  }
  const all = found[n] ?? 0;
  if (!(all > 0)) return [];
  return shares.map((share) => {
    const acted = share * n;
    const low = Math.floor(acted);
    const buyers = (found[low] ?? 0) + (acted - low) * ((found[low + 1] ?? found[low] ?? 0) - (found[low] ?? 0));
    return { share, precision: buyers / acted, lift: buyers / acted / (all / n), reached: buyers / all };
  });
}

/** What an action costs and brings, in any unit of money. */
export interface ActionValue {
  /** Of acting on one cart, whatever comes of it. */
  readonly cost: number;
  /** Of acting on one that is a buyer's. */
  readonly gain: number;
}

/** One point of the profit curve. */
export interface ProfitPoint {
  readonly share: number;
  /** Gain less cost, a thousand carts. */
  readonly profit: number;
  /** The same if the carts were picked by lot. */
  readonly byLot: number;
}

/** The profit of acting on the carts with the highest scores, a thousand carts, over the shares of a lift curve. */
export function profitCurve(curve: readonly LiftPoint[], { cost, gain }: ActionValue): readonly ProfitPoint[] {
  return curve.map(({ share, precision, lift }) => ({
    share,
    profit: 1000 * share * (gain * precision - cost),
    byLot: 1000 * share * (gain * (precision / lift) - cost),
  }));
}
