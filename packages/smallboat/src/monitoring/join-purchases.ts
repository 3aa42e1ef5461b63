import type { WorkOptions } from '../kernel/index.ts';
import { latestFeedback } from './latest-feedback.ts';
import type { PredictionLog, PredictionRecord } from './prediction-log.ts';
import { readLog } from './read-log.ts';

/** A session (or shopper) bought. */
export interface Purchase {
  /** As predictions name it. */
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface JoinPurchasesOptions extends WorkOptions {
  /** Folder of the prediction log. */
  readonly folder: string;
  /** Where the labels go: a log of the same folder. The caller closes it. */
  readonly log: Pick<PredictionLog, 'feedback'>;
  readonly purchases: AsyncIterable<Purchase> | Iterable<Purchase>;
  /** A purchase this long after the prediction still counts as foreseen by it, in milliseconds. */
  readonly horizonMs: number;
  /** Milliseconds since 1970; purchases are known up to here. */
  readonly now: number;
  /** Predictions made from this time on, milliseconds since 1970. Default: from the beginning of the log. */
  readonly from?: number;
  /** Which session a prediction is of. Default: its `session`. */
  readonly sessionOf?: (prediction: PredictionRecord) => string | undefined;
}

/** How many predictions got a label, by what it is, and how many did not, by why. */
export interface JoinedPurchases {
  readonly bought: number;
  readonly notBought: number;
  /** Had this label before. */
  readonly unchanged: number;
  /** No purchase yet, and it may still come. */
  readonly waiting: number;
  /** Of no session, so that no purchase can be found. */
  readonly withoutSession: number;
}

/**
 * Gives predictions their labels from the shop's purchases: 1 as soon as the session has bought at the prediction or within
 * the horizon after it, 0 once the horizon has passed without. Can be run again and again: labels that are there are not
 * written twice, and a 0 becomes a 1 if the purchase was reported late. Purchases are held in memory, about 100 bytes each.
 */
export async function joinPurchases(options: JoinPurchasesOptions): Promise<JoinedPurchases> {
  const { folder, log, purchases, horizonMs, now, from, signal } = options;
  const sessionOf = options.sessionOf ?? ((prediction: PredictionRecord) => prediction.session);
  const times = new Map<string, number[]>();
  for await (const { session, at } of purchases) {
    signal?.throwIfAborted();
    const known = times.get(session);
    if (known === undefined) times.set(session, [at]);
    else known.push(at);
  }
  const since = { folder, ...(from === undefined ? {} : { from }), ...(signal ? { signal } : {}) };
  const labels = await latestFeedback(since);
  const joined = { bought: 0, notBought: 0, unchanged: 0, waiting: 0, withoutSession: 0 };
  for await (const entry of readLog({ ...since, to: now })) {
    if (entry.kind !== 'prediction') continue;
    const session = sessionOf(entry);
    if (session === undefined) {
      joined.withoutSession++;
      continue;
    }
    const end = Math.min(now, entry.at + horizonMs);
    const hasBought = times.get(session)?.some((at) => at >= entry.at && at <= end) ?? false;
    const before = labels.get(entry.id);
    // A label 1 may come from elsewhere, by id: what is missing here does not take it back.
    if (before === 1 || (before === 0 && !hasBought)) joined.unchanged++;
    else if (hasBought || entry.at + horizonMs <= now) {
      log.feedback({ id: entry.id, at: now, label: hasBought ? 1 : 0 });
      joined[hasBought ? 'bought' : 'notBought']++;
    } else joined.waiting++;
  }
  return joined;
}
