import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestAucs } from './best-auc.ts';
import { randomOf } from './random.ts';
import { ACTION, drawCartSession, purchaseChance } from './shopper.ts';

const EVENTS = [0, 2, 4, 6, 8, 10];

/** Sessions drawn with other numbers than those behind the printed figures, as examples at each decision point. */
function examples(sessions: number) {
  const random = randomOf(99, 99);
  const tokens = new Uint8Array(8192);
  const points = EVENTS.map(() => ({ chances: [] as number[], bought: [] as boolean[] }));
  for (let i = 0; i < sessions; i++) {
    const session = tokens.slice(0, drawCartSession(random, tokens, 0));
    const buys = session.indexOf(ACTION.purchase);
    const add = session.indexOf(ACTION.add);
    for (const [k, events] of EVENTS.entries()) {
      const last = add + events;
      if (last >= session.length || (buys !== -1 && buys <= last)) continue;
      points[k]?.chances.push(purchaseChance(session.subarray(0, last + 1)));
      points[k]?.bought.push(buys > last);
    }
  }
  return points;
}

/** ROC-AUC by its definition, over outcomes. */
function aucOf(chances: readonly number[], bought: readonly boolean[]): number {
  const sorted = chances
    .map((chance, i) => ({ chance, bought: bought[i] === true }))
    .sort((a, b) => a.chance - b.chance);
  let ranks = 0;
  let buyers = 0;
  for (const [i, { bought }] of sorted.entries()) {
    if (!bought) continue;
    ranks += i + 1;
    buyers++;
  }
  return (ranks - (buyers * (buyers + 1)) / 2) / (buyers * (sorted.length - buyers));
}

const drawn = examples(40_000);
const best = bestAucs();

describe('the best possible prediction', () => {
  it.each(EVENTS.map((events, k) => ({ events, k })))(
    'has, counted by outcomes, the ROC-AUC that is printed, after $events events',
    ({ k }) => {
      const { chances = [], bought = [] } = drawn[k] ?? {};
      const buyers = bought.filter(Boolean).length;
      // Hanley and McNeil's bound of the standard error of a counted AUC, with that of the printed one.
      const error = Math.hypot(0.5 / Math.sqrt(Math.min(buyers, bought.length - buyers)), best[k]?.standardError ?? 0);
      expect(Math.abs(aucOf(chances, bought) - (best[k]?.auc ?? 0))).toBeLessThan(3 * error);
    },
  );

  it('is calibrated: of those with a chance of about p, a share of p buys', () => {
    const { chances, bought } = { chances: drawn.flatMap((d) => d.chances), bought: drawn.flatMap((d) => d.bought) };
    const bins = Array.from({ length: 20 }, () => ({ count: 0, sum: 0, buyers: 0 }));
    for (const [i, chance] of chances.entries()) {
      const bin = bins[Math.min(19, Math.floor(chance * 20))];
      if (bin === undefined) continue;
      bin.count++;
      bin.sum += chance;
      bin.buyers += bought[i] === true ? 1 : 0;
    }
    for (const { count, sum, buyers } of bins.filter(({ count }) => count > 300)) {
      const expected = sum / count;
      // A session counts up to six times: the spread is that of a sixth of the rows.
      const spread = Math.sqrt((expected * (1 - expected)) / (count / 6));
      expect(Math.abs(buyers / count - expected)).toBeLessThan(4 * spread);
    }
  });

  it('is what remains when all ways to go on are followed, weighted by how likely they are', () => {
    // An independent way to the same number: simulate many sessions, and keep those that begin as the history does.
    const history = [ACTION.view, ACTION.add, ACTION.remove];
    const random = randomOf(5, 5);
    const tokens = new Uint8Array(8192);
    let alike = 0;
    let buyers = 0;
    for (let i = 0; i < 400_000; i++) {
      const session = tokens.subarray(0, drawCartSession(random, tokens, 0));
      if (!history.every((action, at) => session[at] === action)) continue;
      alike++;
      buyers += session.at(-1) === ACTION.purchase ? 1 : 0;
    }
    const chance = purchaseChance(history);
    expect(alike).toBeGreaterThan(300);
    expect(Math.abs(buyers / alike - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / alike));
  });

  it('lies where a model has something to learn, and knows its error', () => {
    for (const { auc, standardError, buyShare } of best) {
      expect(auc).toBeGreaterThan(0.72);
      expect(auc).toBeLessThan(0.8);
      expect(standardError).toBeLessThan(0.003);
      expect(buyShare).toBeGreaterThan(0.1);
      expect(buyShare).toBeLessThan(0.25);
    }
  });
});

describe('purchaseChance', () => {
  const { view, detail, add, remove } = ACTION;
  const history = fc.tuple(
    fc.array(fc.constantFrom(view, detail), { maxLength: 30 }),
    fc.array(fc.constantFrom(view, detail, add, remove), { maxLength: 30 }),
  );

  it('is a probability, with and without the start token', () => {
    fc.assert(
      fc.property(history, ([before, after]) => {
        const tokens = [...before, add, ...after];
        const chance = purchaseChance(tokens);
        return chance > 0 && chance < 1 && purchaseChance([0, ...tokens]) === chance;
      }),
    );
  });

  it('falls after a remove, and depends on the order of the same actions', () => {
    fc.assert(
      fc.property(history, ([before, after]) => {
        const tokens = [...before, add, ...after];
        return purchaseChance([...tokens, remove]) < purchaseChance(tokens);
      }),
    );
    const mixed = [view, detail, view, detail, view, detail, add];
    const grouped = [view, view, view, detail, detail, detail, add];
    expect(purchaseChance(grouped)).toBeGreaterThan(2 * purchaseChance(mixed));
    expect(purchaseChance([add, remove, add])).toBeGreaterThan(purchaseChance([add, add, remove]));
  });
});
