import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alarmsOf } from './alarms.ts';
import type { CheckAlarmsOptions } from './check-alarms.ts';
import { alarmErrors, checkAlarms } from './check-alarms.ts';
import type { AlarmMessage } from './deliver-alarm.ts';
import { deliverAlarm, deliveryErrors, slackText } from './deliver-alarm.ts';
import { predictionLog } from './prediction-log.ts';
import { makeReference } from './reference.ts';
import { driftReport } from './report.ts';
import { seededRandom } from './seeded-random.ts';
import { scoreOf, shop, shopExamples } from './test-shop.ts';

const { examples, scores } = shopExamples(3_000, seededRandom(1));
const reference = makeReference({ examples, scores, model: { name: 'intent', version: '3' }, clock: () => 0 });
const DAY = 86_400_000;

/** A log with traffic on the first day as in training, and on the second day as `change` makes it. */
async function logWith(change: (events: number[]) => number[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using log = predictionLog({ folder });
  const next = shop(seededRandom(2));
  for (let i = 0; i < 1_000; i++) {
    const events = i < 500 ? next() : change(next());
    const at = i < 500 ? i : DAY + i;
    const about = { endpoint: 'intent', modelVersion: '3', tokens: [0, ...events], prediction: scoreOf(events) };
    log.append({ id: `p${i}`, at, ...about });
  }
  return folder;
}

const moved = (events: number[]): number[] => [...Array.from({ length: 60 }, () => 5), ...events];

interface Received {
  readonly path: string;
  readonly type: string | undefined;
  readonly body: unknown;
}

/** A server that answers with the next of `statuses`, then 200, and keeps what it got. */
async function listener(statuses: number[] = []): Promise<AsyncDisposable & { url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      received.push({ path: request.url ?? '', type: request.headers['content-type'], body });
      response.writeHead(statuses.shift() ?? 200).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, received, [Symbol.asyncDispose]: close };
}

const delivery = { pause: (): Promise<void> => Promise.resolve() };

async function optionsFor(folder: string, more: Partial<CheckAlarmsOptions> = {}): Promise<CheckAlarmsOptions> {
  const statePath = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'alarms.json');
  return { reference, folder, statePath, now: 2 * DAY, from: DAY, delivery, ...more };
}

describe('a check', () => {
  it('tells webhook and Slack what drifted, once, and that it is over', async () => {
    await using server = await listener();
    const folder = await logWith(moved);
    const acted: string[] = [];
    const options = await optionsFor(folder, {
      channels: [
        { kind: 'webhook', url: `${server.url}/hook` },
        { kind: 'slack', url: `${server.url}/slack` },
      ],
      onAlarm: (alarms) => {
        acted.push(alarms.map(({ kind }) => kind).join());
        return Promise.resolve();
      },
      publish: () => Promise.resolve('report.html'),
    });
    const first = await checkAlarms(options);
    expect(first.alarms[0]).toMatchObject({
      kind: 'drift',
      sentence: expect.stringMatching(/^Drift: 500 predictions/),
    });
    const [hook, slack] = server.received.toSorted((a, b) => a.path.localeCompare(b.path));
    expect(hook).toMatchObject({
      path: '/hook',
      type: 'application/json',
      body: {
        format: 'smallboat-alarm',
        version: 1,
        model: { name: 'intent', version: '3' },
        window: { from: '1970-01-02T00:00:00.000Z', to: '1970-01-03T00:00:00.000Z' },
        predictions: 500,
        alarms: first.alarms,
        resolved: [],
        page: 'report.html',
      },
    });
    expect(Object.keys(slack?.body as object)).toEqual(['text']);
    expect(String(Object.values(slack?.body as object)[0])).toMatch(
      /^:rotating_light: \*Alarm\* on intent 3\n• \*drift\*: Drift: /,
    );

    const again = await checkAlarms({ ...options, now: 2 * DAY + 1 });
    expect([again.alarms.length, again.told, again.acted]).toEqual([first.alarms.length, [], []]);
    expect(server.received).toHaveLength(2);

    const dayAfter = await checkAlarms({ ...options, now: 3 * DAY, channels: options.channels?.slice(0, 1) ?? [] });
    expect(dayAfter.told).toEqual(first.told);
    expect(acted).toEqual([first.acted.join(), first.acted.join()]);

    const over = await checkAlarms({ ...options, from: 0, to: DAY, now: 3 * DAY + 1 });
    expect(over).toMatchObject({ alarms: [], resolved: first.told });
    expect(server.received.at(-1)?.body).toBeDefined();
    expect((await checkAlarms({ ...options, from: 0, to: DAY, now: 3 * DAY + 2 })).resolved).toEqual([]);
  });

  it('acts though a channel cannot be told, and tells it the next time', async () => {
    await using server = await listener([403]);
    let acts = 0;
    const options = await optionsFor(await logWith(moved), {
      channels: [{ kind: 'webhook', url: `${server.url}/?token=secret` }],
      onAlarm: () => {
        acts++;
        return Promise.resolve();
      },
    });
    await expect(checkAlarms(options)).rejects.toThrow(
      /^The alarm could not be told to webhook at 127[^?]*: it answered 403/,
    );
    expect((await checkAlarms({ ...options, now: 2 * DAY + 1 })).told).toContain('drift');
    expect([acts, server.received.length]).toEqual([1, 2]);
  });

  it('acts again after an action that failed', async () => {
    const options = await optionsFor(await logWith(moved), { onAlarm: () => Promise.reject(new Error('no data')) });
    await expect(checkAlarms(options)).rejects.toThrow('no data');
    expect((await checkAlarms({ ...options, onAlarm: () => Promise.resolve() })).acted).toContain('drift');
  });

  it('counts too few predictions as silence, which no training mends', async () => {
    const onAlarm = (): Promise<void> => Promise.reject(new Error('not for this'));
    const options = await optionsFor(await logWith((e) => e), { from: 1.5 * DAY, expected: 10, onAlarm });
    expect(await checkAlarms(options)).toMatchObject({
      alarms: [{ kind: 'silence', sentence: 'Only 0 predictions came, and at least 10 were expected.' }],
      acted: [],
    });
  });

  it('raises nothing about shoppers as before', async () => {
    const options = await optionsFor(await logWith((e) => e), { expected: 500 });
    expect((await checkAlarms(options)).alarms).toEqual([]);
    expect(JSON.parse(await readFile(options.statePath, 'utf8'))).toEqual({});
  });

  it('does not go on with a state that it cannot read', async () => {
    const options = await optionsFor(await logWith((e) => e));
    await writeFile(options.statePath, '{"drift":{"told":"yesterday"}}');
    await expect(checkAlarms(options)).rejects.toMatchObject({ code: alarmErrors.ALARM_STATE_UNREADABLE.code });
  });
});

describe('delivery', () => {
  const message: AlarmMessage = {
    format: 'smallboat-alarm',
    version: 1,
    at: '2026-11-26T00:00:00.000Z',
    model: { name: 'a<b' },
    window: { to: '2026-11-26T00:00:00.000Z' },
    predictions: 3,
    alarms: [{ kind: 'drift', sentence: 'x < y & z' }],
    resolved: [],
  };

  it('tries again when the other side is not ready, and not when it refuses', async () => {
    await using server = await listener([503, 429]);
    await deliverAlarm({ kind: 'webhook', url: server.url }, message, delivery);
    expect(server.received).toHaveLength(3);
    await using refusing = await listener([400]);
    const refused = deliverAlarm({ kind: 'slack', url: refusing.url }, message, delivery);
    await expect(refused).rejects.toMatchObject({ code: deliveryErrors.ALARM_UNDELIVERED.code });
    expect(refusing.received).toHaveLength(1);
  });

  it('says what is wrong with an address that is none, or where nobody listens', async () => {
    await expect(deliverAlarm({ kind: 'slack', url: 'slack' }, message, delivery)).rejects.toThrow('it is no URL');
    const nobody = deliverAlarm({ kind: 'slack', url: 'http://127.0.0.1:9/' }, message, delivery);
    await expect(nobody).rejects.toThrow(/127\.0\.0\.1:9/);
  });

  it('escapes what Slack would read as markup', () => {
    expect(slackText(message)).toContain('*Alarm* on a&lt;b\n• *drift*: x &lt; y &amp; z');
  });
});

it('counts what the log dropped as an alarm', async () => {
  const report = await driftReport({ reference, folder: await logWith((e) => e), now: 2 * DAY });
  expect(alarmsOf({ ...report, dropped: 2 })).toEqual([
    { kind: 'dropped', sentence: 'The log had to drop 2 records: the disk did not keep up.' },
  ]);
});
