import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeSession } from '../features/index.ts';
import { predictionLog } from './prediction-log.ts';
import { makeReference } from './reference.ts';
import { driftReport } from './report.ts';
import { seededRandom } from './seeded-random.ts';
import { scoreOf, shopExamples } from './test-shop.ts';
import type { Drift } from './traffic.ts';
import { sendTraffic, shoppersOf } from './traffic.ts';

const { examples, scores } = shopExamples(10_000, seededRandom(1));
const reference = makeReference({ examples, scores });
const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** An endpoint over real HTTP; `answer` gives status and body for the actions of a session. */
async function endpoint(
  answer: (actions: readonly string[]) => { readonly status: number; readonly body: string },
): Promise<string> {
  const server = createServer((request, response) => {
    const session = new URL(request.url ?? '', 'http://x').searchParams.get('session') ?? '';
    const { status, body } = answer(session.split(','));
    response.writeHead(status).end(body);
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ok = (prediction: unknown): { status: number; body: string } => ({
  status: 200,
  body: JSON.stringify({ prediction }),
});

async function statusAfter(drift: Drift): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using log = predictionLog({ folder });
  let id = 0;
  const url = await endpoint((actions) => {
    const tokens = encodeSession(actions);
    const prediction = scoreOf([...tokens]);
    log.append({ id: String(id++), at: id, endpoint: 'intent', modelVersion: '1', tokens, prediction });
    return ok(prediction);
  });
  const sent = await sendTraffic({ url, reference, shoppers: 600, drift, seed: 3 });
  expect(sent).toMatchObject({ sent: 600, answered: 600, refused: {} });
  await log.flush();
  return (await driftReport({ reference, folder, now: 1e6 })).status;
}

describe('simulated shoppers', () => {
  it.each([
    ['none', 'none'],
    ['bots', 'drift'],
    ['sale', 'drift'],
    ['pixel', 'drift'],
  ] as const)('with drift %s lead to the verdict %s', async (drift, status) => {
    expect(await statusAfter(drift)).toBe(status);
  });

  it('are the same for the same seed', () => {
    const first = (seed: number): unknown[] => {
      const sessions = shoppersOf(reference, 'bots', seed);
      return Array.from({ length: 10 }, () => sessions.next().value);
    };
    expect(first(4)).toEqual(first(4));
    expect(first(4)).not.toEqual(first(5));
  });
});

describe('sending', () => {
  it('counts what the endpoint refuses', async () => {
    let turn = 0;
    const url = await endpoint(() => (turn++ % 2 === 0 ? ok(0.25) : { status: 429, body: 'slowly' }));
    const result = await sendTraffic({ url: `${url}/`, reference, shoppers: 50, drift: 'none', seed: 1 });
    expect(result).toMatchObject({ sent: 50, answered: 25, refused: { 429: 25 }, meanPrediction: 0.25 });
  });

  it('says so where no endpoint is', async () => {
    const work = sendTraffic({ url: 'http://127.0.0.1:1', reference, shoppers: 20, drift: 'none', seed: 1 });
    await expect(work).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE', facts: { url: 'http://127.0.0.1:1' } });
  });

  it.each(['<html>', '{}', '7', '{"prediction":"high"}'])('says so where the answer is %s', async (body) => {
    const url = await endpoint(() => ({ status: 200, body }));
    const work = sendTraffic({ url, reference, shoppers: 20, drift: 'none', seed: 1 });
    await expect(work).rejects.toMatchObject({ code: 'ENDPOINT_ANSWER_UNKNOWN', facts: { answer: body } });
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const url = await endpoint(() => {
      stop.abort(new Error('enough'));
      return ok(0.5);
    });
    const work = sendTraffic({ url, reference, shoppers: 10_000, drift: 'none', seed: 1, signal: stop.signal });
    await expect(work).rejects.toThrow('enough');
  });

  it('keeps to the rate', async () => {
    const url = await endpoint(() => ok(0.5));
    const { seconds } = await sendTraffic({ url, reference, shoppers: 20, drift: 'none', seed: 1, ratePerSecond: 200 });
    // The twentieth leaves 19/200 of a second after the first; timers may be a few milliseconds early.
    expect(seconds).toBeGreaterThanOrEqual(0.09);
  });
});
