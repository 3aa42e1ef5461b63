import { setTimeout as wait } from 'node:timers/promises';
import { ACTIONS, TOKENS } from '../features/index.ts';
import type { WorkOptions } from '../kernel/index.ts';
import { defineErrors } from '../kernel/index.ts';
import { shopperOf } from './behaviour.ts';
import type { Reference } from './reference.ts';
import { seededRandom } from './seeded-random.ts';

/**
 * Ways in which traffic can differ from the reference:
 * - `none`: shoppers as in the training data;
 * - `bots`: half of the sessions are scrapers, which open one product page after the other and put in the cart what they see;
 * - `sale`: shoppers come with a plan: little looking, several adds, some removals;
 * - `pixel`: the tag on the product page is broken: every detail view arrives as a plain view.
 */
export const DRIFTS = ['none', 'bots', 'sale', 'pixel'] as const;
export type Drift = (typeof DRIFTS)[number];

export interface TrafficOptions extends WorkOptions {
  /** Base URL of the endpoint: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Whose shoppers to play. */
  readonly reference: Reference;
  /** How many shoppers; each asks once. */
  readonly shoppers: number;
  readonly drift: Drift;
  /** The same seed plays the same shoppers. */
  readonly seed: number;
  /** Default: as fast as the endpoint answers. */
  readonly ratePerSecond?: number;
  /** Requests under way at once. Default 8. */
  readonly concurrency?: number;
}

export interface TrafficResult {
  readonly sent: number;
  readonly answered: number;
  /** Answers other than 200, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** NaN if none was answered. */
  readonly meanPrediction: number;
  readonly seconds: number;
}

export const trafficErrors = defineErrors({
  ENDPOINT_UNREACHABLE: (f: { url: string; problem: string }) =>
    `No endpoint answers at ${f.url} (${f.problem}). Start one with 'smallboat serve', or correct --url.`,
  ENDPOINT_ANSWER_UNKNOWN: (f: { url: string; answer: string }) =>
    `${f.url} answered ${f.answer}, which has no number 'prediction' in it. Is it a Smallboat endpoint? Correct --url.`,
});

/** Sessions of simulated shoppers, as the actions that they take. Endless; deterministic by the seed. */
export function* shoppersOf(reference: Reference, drift: Drift, seed: number): Generator<readonly string[]> {
  const random = seededRandom(seed);
  const normal = shopperOf(reference.behaviour, random);
  for (;;) {
    const tokens = drifted(normal(), drift, random);
    yield tokens.map((token) => ACTIONS[token - TOKENS.add] ?? 'view');
  }
}

/**
 * Plays shoppers against an endpoint: each sends what it has done so far with `GET /predict` and takes the answer.
 *
 * Rejects with `ENDPOINT_UNREACHABLE`, `ENDPOINT_ANSWER_UNKNOWN`, and the signal's reason. Requests that the endpoint
 * refuses are counted.
 */
export async function sendTraffic(options: TrafficOptions): Promise<TrafficResult> {
  const { url, reference, shoppers, drift, seed, signal, onProgress, ratePerSecond, concurrency = 8 } = options;
  const base = url.replace(/\/+$/, '');
  const sessions = shoppersOf(reference, drift, seed);
  const refused: Record<string, number> = {};
  const began = performance.now();
  let [sent, answered, sum] = [0, 0, 0];

  // When one request fails, those under way are given up, and no more are sent.
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);

  const ask = async (actions: readonly string[]): Promise<void> => {
    const response = await get(`${base}/predict?session=${actions.join(',')}`, stop);
    const text = await response.text();
    if (response.status !== 200) {
      refused[response.status] = (refused[response.status] ?? 0) + 1;
      return;
    }
    const prediction = predictionIn(text);
    if (prediction === undefined)
      throw trafficErrors.ENDPOINT_ANSWER_UNKNOWN({ url: base, answer: text.slice(0, 200) });
    answered++;
    sum += prediction;
  };

  const shopper = async (): Promise<void> => {
    while (sent < shoppers) {
      stop.throwIfAborted();
      const turn = sent++;
      const { value: actions = [] } = sessions.next();
      if (ratePerSecond !== undefined) await until(began + (turn * 1_000) / ratePerSecond, stop);
      await ask(actions).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      });
      if ((turn + 1) % 100 === 0) onProgress?.((turn + 1) / shoppers, `${turn + 1} of ${shoppers} shoppers`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, shoppers) }, shopper));
  onProgress?.(1);
  return { sent, answered, refused, meanPrediction: sum / answered, seconds: (performance.now() - began) / 1_000 };
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const problem = inner instanceof Error ? inner.message || inner.name : String(inner);
    throw trafficErrors.ENDPOINT_UNREACHABLE({ url: new URL(url).origin, problem }, { cause });
  }
}

function predictionIn(text: string): number | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof answer !== 'object' || answer === null || !('prediction' in answer)) return undefined;
  return typeof answer.prediction === 'number' ? answer.prediction : undefined;
}

/** Waits for a point of `performance.now()`. */
async function until(at: number, signal: AbortSignal): Promise<void> {
  const ms = at - performance.now();
  if (ms > 0) await wait(ms, undefined, { signal });
}

function drifted(tokens: readonly number[], drift: Drift, random: () => number): readonly number[] {
  const times = (n: number, token: number): number[] => Array.from({ length: n }, () => token);
  switch (drift) {
    case 'none':
      return tokens;
    case 'pixel':
      return tokens.map((token) => (token === TOKENS.detail ? TOKENS.view : token));
    case 'bots': {
      if (random() < 0.5) return tokens;
      const pages = 20 + Math.floor(random() * 60);
      return [...times(pages, TOKENS.detail), TOKENS.add, ...times(Math.floor(random() * 6), TOKENS.detail)];
    }
    case 'sale':
    default: {
      const looks = Math.floor(random() * 3);
      const after = Math.floor(random() * 6) * 2;
      const then = Array.from({ length: after }, () =>
        random() < 0.65 ? TOKENS.add : random() < 0.5 ? TOKENS.remove : TOKENS.detail,
      );
      return [...times(looks, TOKENS.detail), TOKENS.add, ...then];
    }
  }
}
