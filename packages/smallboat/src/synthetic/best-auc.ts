import { randomOf } from './random.ts';
import { ACTION, drawCartSession, purchaseChance } from './shopper.ts';

/** Events after the first add at which the best prediction is measured: those of the SIGIR eCom 2021 challenge. */
const DECISION_EVENTS = [0, 2, 4, 6, 8, 10] as const;

/** The best that any model can do at one decision point. */
export interface BestAuc {
  /** Events after the first add. */
  readonly events: number;
  /** ROC-AUC of the best possible prediction, where sessions count that have as many events and no purchase yet. */
  readonly auc: number;
  /** Standard error of `auc`, from 20 groups of the drawn sessions. */
  readonly standardError: number;
  /** Share of those sessions that buy later. */
  readonly buyShare: number;
}

/**
 * ROC-AUC of the best possible prediction (`purchaseChance`), a decision point each, by drawing sessions.
 *
 * As the prediction p is the true chance, a session counts as a positive with weight p and as a negative with weight 1 − p: this has
 * the same expectation as counting outcomes and less noise.
 */
export function bestAucs(sessions = 40_000, seed = 1): readonly BestAuc[] {
  const random = randomOf(seed, 0x6265_7374);
  const chances: number[][] = DECISION_EVENTS.map(() => []);
  const tokens = new Uint8Array(8192);
  for (let i = 0; i < sessions; i++) {
    const end = drawCartSession(random, tokens, 0);
    const session = tokens.subarray(0, end);
    const bought = session[end - 1] === ACTION.purchase;
    const firstAdd = session.indexOf(ACTION.add);
    for (const [k, events] of DECISION_EVENTS.entries()) {
      const last = firstAdd + events;
      if (last < end - (bought ? 1 : 0)) chances[k]?.push(purchaseChance(session.subarray(0, last + 1)));
    }
  }
  return DECISION_EVENTS.map((events, k) => summary(events, chances[k] ?? []));
}

const GROUPS = 20;

function summary(events: number, chances: readonly number[]): BestAuc {
  const size = Math.ceil(chances.length / GROUPS);
  const groups = Array.from({ length: GROUPS }, (_, g) => expectedAuc(chances.slice(g * size, (g + 1) * size)));
  const mean = groups.reduce((a, b) => a + b, 0) / GROUPS;
  const variance = groups.reduce((sum, auc) => sum + (auc - mean) ** 2, 0) / (GROUPS - 1);
  return {
    events,
    auc: expectedAuc(chances),
    standardError: Math.sqrt(variance / GROUPS),
    buyShare: chances.reduce((a, b) => a + b, 0) / chances.length,
  };
}

/** Chance that a random buyer has a higher p than a random non-buyer, ties counted half, where p is the chance to buy. */
function expectedAuc(chances: readonly number[]): number {
  const sorted = Float64Array.from(chances).sort();
  let below = 0;
  let won = 0;
  let buyers = 0;
  for (let i = 0; i < sorted.length;) {
    const p = sorted[i] ?? 0;
    let count = 0;
    for (; i < sorted.length && sorted[i] === p; i++) count++;
    won += count * p * (below + (count * (1 - p)) / 2);
    below += count * (1 - p);
    buyers += count * p;
  }
  return won / (buyers * below);
}
