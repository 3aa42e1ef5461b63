import type { Random } from './random.ts';

/** The tokens of what a shopper does, as the features room numbers them. */
export const ACTION = { end: 1, add: 2, remove: 3, purchase: 4, detail: 5, view: 6 } as const;
export type Action = (typeof ACTION)[keyof typeof ACTION];

/**
 * The shopper who puts something in the cart: a hidden Markov model whose transitions depend on what was seen.
 *
 * A shopper is in one of three states that nobody sees: 0 looks around, 1 compares, 2 has decided. The state and the action before
 * decide what is done next; what is done moves the state. So the next action depends on the order of the actions, not on their
 * number only: one who removes something mostly turns to state 0, whatever was done before.
 *
 * Two phases: before the first add (views and details until it comes; the session does not end before, as it is one with an add), and after it, where removes,
 * purchases and the end are possible too. What comes after the purchase has no part in the model.
 */
const STATES = 3;
const PREVIOUS = 7;
const START = 0;
const STEPS: readonly Action[] = [ACTION.end, ACTION.add, ACTION.remove, ACTION.purchase, ACTION.detail, ACTION.view];

/** Shares of the states at the start of a session with an add. */
const FIRST = [0.68, 0.18, 0.14] as const;

/** How likely a look at something is of the same kind (view or detail) as the one before, by state. */
const SAME_KIND = [0.12, 0.4, 0.88] as const;

/** Before the first add: how likely the next action is the add, by state. */
const FIRST_ADD = [0.06, 0.08, 0.09] as const;

/** After it: how likely each is as the next action, by state; the rest are views and details. */
const AFTER = {
  end: [0.1, 0.06, 0.03],
  add: [0.05, 0.09, 0.07],
  remove: [0.08, 0.06, 0.02],
  purchase: [0.001, 0.006, 0.13],
} as const;

/** Where an action moves the state: from row to column. Views and details leave a little drift. */
const MOVE: Readonly<Record<number, readonly (readonly number[])[]>> = {
  [ACTION.add]: [
    [0.92, 0.07, 0.01],
    [0.08, 0.77, 0.15],
    [0.02, 0.08, 0.9],
  ],
  [ACTION.remove]: [
    [0.97, 0.03, 0],
    [0.6, 0.38, 0.02],
    [0.35, 0.45, 0.2],
  ],
  [ACTION.detail]: [
    [0.97, 0.03, 0],
    [0.04, 0.93, 0.03],
    [0.01, 0.03, 0.96],
  ],
  [ACTION.view]: [
    [0.985, 0.015, 0],
    [0.05, 0.93, 0.02],
    [0.01, 0.02, 0.97],
  ],
};

/** Probability of each action, by phase, state and action before: `[phase][state][previous][action]`. */
const NEXT: readonly (readonly (readonly Float64Array[])[])[] = [0, 1].map((phase) =>
  Array.from({ length: STATES }, (_, state) =>
    Array.from({ length: PREVIOUS }, (_, previous) => nextActions(phase, state, previous)),
  ),
);

function nextActions(phase: number, state: number, previous: number): Float64Array {
  const next = new Float64Array(PREVIOUS);
  if (phase === 0) {
    next[ACTION.add] = FIRST_ADD[state] ?? 0;
  } else {
    for (const name of ['end', 'add', 'remove', 'purchase'] as const) next[ACTION[name]] = AFTER[name][state] ?? 0;
  }
  const rest = 1 - next.reduce((a, b) => a + b, 0);
  const same = SAME_KIND[state] ?? 0;
  const detail = previous === ACTION.detail ? same : previous === ACTION.view ? 1 - same : 0.5;
  next[ACTION.detail] = rest * detail;
  next[ACTION.view] = rest * (1 - detail);
  return next;
}

function at(table: ArrayLike<number> | undefined, index: number): number {
  return table?.[index] ?? 0;
}

function nextOf(phase: number, state: number, previous: number): Float64Array {
  return NEXT[phase]?.[state]?.[previous] ?? new Float64Array(PREVIOUS);
}

/** How likely a purchase comes before the end, by state and action before, in the phase after the first add. */
const BUYS = buyingChances();

function buyingChances(): readonly Float64Array[] {
  const chance = Array.from({ length: STATES }, () => new Float64Array(PREVIOUS));
  // The chances are the fixed point of one step of the process; it converges by a factor of at most 1 − P(end or purchase) a round.
  for (let round = 0; round < 2000; round++) {
    for (let state = 0; state < STATES; state++) {
      for (const previous of STEPS) {
        const next = nextOf(1, state, previous);
        let sum = at(next, ACTION.purchase);
        for (const action of STEPS) {
          const move = MOVE[action]?.[state];
          for (let to = 0; to < STATES; to++) sum += at(next, action) * at(move, to) * at(chance[to], action);
        }
        const row = chance[state];
        if (row !== undefined) row[previous] = sum;
      }
    }
  }
  return chance;
}

function draw(weights: ArrayLike<number>, random: Random): number {
  let left = random.uniform();
  for (let i = 0; i < weights.length - 1; i++) {
    left -= weights[i] ?? 0;
    if (left < 0) return i;
  }
  return weights.length - 1;
}

/** Longest session that is made, in events: a guard for memory; one in many millions comes near it. */
const MAX_EVENTS = 4000;

/**
 * Draws one session with an add, from its first event to its purchase or its end (which is not written).
 *
 * @param into Gets the tokens, from index `from` on; it must have room for 4,000 more.
 * @returns the index after the last token.
 */
export function drawCartSession(random: Random, into: Uint8Array, from: number): number {
  let state = draw(FIRST, random);
  let previous: number = START;
  let phase = 0;
  let end = from;
  while (end - from < MAX_EVENTS) {
    const action = draw(nextOf(phase, state, previous), random);
    if (action === ACTION.end) return end;
    into[end++] = action;
    if (action === ACTION.purchase) return end;
    state = draw(MOVE[action]?.[state] ?? FIRST, random);
    if (action === ACTION.add) phase = 1;
    previous = action;
  }
  return end;
}

/**
 * The best possible prediction: how likely a purchase is, given all that was done so far. Exact, by the forward algorithm over
 * the hidden states: no model that sees the actions only has a higher ROC-AUC, save by chance.
 *
 * @param tokens The session so far, with or without its start token, up to any event from the first add on, before a purchase.
 * @returns from 0 to 1.
 */
export function purchaseChance(tokens: ArrayLike<number>): number {
  let belief: readonly number[] = FIRST;
  let previous: number = START;
  let phase = 0;
  for (let i = 0; i < tokens.length; i++) {
    const action = tokens[i] ?? START;
    if (action === START) continue;
    belief = step(belief, { phase, previous, action });
    if (action === ACTION.add) phase = 1;
    previous = action;
  }
  return belief.reduce((sum, share, state) => sum + share * at(BUYS[state], previous), 0);
}

/** What is believed of the hidden state after one more action. */
function step(belief: readonly number[], seen: { phase: number; previous: number; action: number }): readonly number[] {
  const next = [0, 0, 0];
  let total = 0;
  for (let state = 0; state < STATES; state++) {
    const weight = at(belief, state) * at(nextOf(seen.phase, state, seen.previous), seen.action);
    const move = MOVE[seen.action]?.[state];
    for (let to = 0; to < STATES; to++) {
      const share = weight * at(move, to);
      next[to] = at(next, to) + share;
      total += share;
    }
  }
  return next.map((share) => share / total);
}
