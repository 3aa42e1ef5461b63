import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { trackerContract } from '../contract.ts';
import type { Destination, Shipment } from '../destination.ts';
import { destinationErrors } from '../destination.ts';
import { localTracker } from '../local.ts';
import type { RunLine } from '../run-log.ts';
import { sendingTracker } from './sending-tracker.ts';
import { syncTracked } from './sync-tracked.ts';

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));
const { signal } = new AbortController();

interface Memory extends Destination {
  readonly got: RunLine[];
  readonly calls: Shipment[];
}

/** Keeps what it gets, unless `fail` gives an error for a shipment. */
function memory(fail: (shipment: Shipment, call: number) => Error | undefined = () => undefined): Memory {
  const got: RunLine[] = [];
  const calls: Shipment[] = [];
  return {
    name: 'memory',
    location: 'memory:',
    got,
    calls,
    async send(shipment) {
      await Promise.resolve();
      calls.push(shipment);
      const error = fail(shipment, calls.length);
      if (error) throw error;
      got.push(...shipment.lines);
      return { shipments: calls.length };
    },
  };
}

const away = (): Error => destinationErrors.DESTINATION_UNREACHABLE({ location: 'memory:', problem: 'away' });
const steps = (lines: readonly RunLine[]): number[] => lines.flatMap((line) => (line.t === 'm' ? [line.s] : []));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const quick = { intervalMs: 1, retryMs: 1, random: () => 0 };

trackerContract({
  name: 'local, sent to two places of which one is away',
  create: async () =>
    sendingTracker(localTracker({ folder: await newFolder() }), {
      destinations: [memory(), { ...memory(away), location: 'other:' }],
      tell: () => undefined,
      flushSeconds: 0.02,
      ...quick,
    }),
});

it('sends everything once and in order, while the run goes on and at its end', async () => {
  const [a, b] = [memory(), { ...memory(), location: 'b:' }];
  const told: string[] = [];
  const local = localTracker({ folder: await newFolder(), segmentBytes: 500 });
  const tracker = sendingTracker(local, { destinations: [a, b], tell: (t) => told.push(t), maxBytes: 300, ...quick });
  const run = await tracker.startRun({ experiment: 'intent', params: { units: 48 } });
  for (const i of upTo(40)) await run.logMetrics({ loss: i });
  await run.finish();
  for (const { got, calls } of [a, b]) {
    expect(got.map((line) => line.t)).toEqual(['start', 'params', ...upTo(40).map(() => 'm'), 'end']);
    expect(steps(got)).toEqual(upTo(40));
    expect(calls.map((c) => c.state)).toEqual([
      undefined,
      ...upTo(calls.length - 1).map((i) => ({ shipments: i + 1 })),
    ]);
  }
  expect(told).toEqual([]);
});

it('tries again after failures, and says so once', async () => {
  const destination = memory((_, call) => (call <= 3 ? away() : undefined));
  const told: string[] = [];
  const tracker = sendingTracker(localTracker({ folder: await newFolder() }), {
    destinations: [destination],
    tell: (problem) => told.push(problem),
    ...quick,
  });
  const run = await tracker.startRun({ experiment: 'intent' });
  await run.logMetrics({ loss: 1 });
  await run.finish();
  expect(destination.got.map((line) => line.t)).toEqual(['start', 'm', 'end']);
  expect(told).toEqual([away().message]);
});

it('does not wait for a destination that hangs longer than it is told, and sends the rest by sync', async () => {
  const hanging: Destination = {
    name: 'memory',
    location: 'memory:',
    send: ({ signal: stop }) =>
      new Promise((_, reject) => stop.addEventListener('abort', () => reject(new Error('stopped')))),
  };
  const told: string[] = [];
  const local = localTracker({ folder: await newFolder() });
  const tracker = sendingTracker(local, { destinations: [hanging], tell: (t) => told.push(t), flushSeconds: 0.05 });
  const run = await tracker.startRun({ experiment: 'intent' });
  const began = performance.now();
  for (const i of upTo(100)) await run.logMetrics({ loss: i });
  await run.finish();
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(told).toEqual([
    `Not all of tracked run ${run.id} was sent to memory:: 'smallboat track sync' sends the rest.`,
  ]);

  const there = memory();
  expect(await syncTracked(local, { destinations: [there], signal, isDry: true })).toMatchObject([{ outcome: 'left' }]);
  expect(await syncTracked(local, { destinations: [there], signal })).toMatchObject([{ outcome: 'sent', lines: 102 }]);
  expect(steps(there.got)).toEqual(upTo(100));
  expect(await syncTracked(local, { destinations: [there], signal })).toEqual([]);
});

it('leaves out the one thing that is refused, and sends what is around it', async () => {
  const isBad = (line: RunLine): boolean => line.t === 'm' && line.s === 13;
  const problem = 'thirteen';
  const destination = memory(({ lines }) =>
    lines.some(isBad) ? destinationErrors.DESTINATION_REFUSED({ location: 'memory:', problem }) : undefined,
  );
  const local = localTracker({ folder: await newFolder() });
  const run = await local.startRun({ experiment: 'intent' });
  for (const i of upTo(30)) await run.logMetrics({ loss: i });
  await run.finish();
  const [synced] = await syncTracked(local, { destinations: [destination], signal });
  expect(synced).toMatchObject({ outcome: 'sent', refused: [{ problem, line: expect.stringContaining('"s":13') }] });
  expect(steps(destination.got)).toEqual(upTo(30).filter((i) => i !== 13));
});

it('sends a run before its parts, and hands the state of the one to the other', async () => {
  const local = localTracker({ folder: await newFolder(), clock: () => 1_000 });
  const parent = await local.startRun({ experiment: 'a' });
  const child = await local.startRun({ experiment: 'a', parent: parent.id });
  const orphan = await local.startRun({ experiment: 'a', parent: 'elsewhere' });
  for (const run of [child, orphan, parent]) await run.finish();
  const destination = memory();
  await syncTracked(local, { destinations: [destination], signal, run: child.id });
  const first = destination.calls.filter((c) => c.state === undefined).map((c) => [c.run.id, c.parentState]);
  expect(first).toEqual([
    [parent.id, undefined],
    [child.id, { shipments: 2 }],
  ]);
  await syncTracked(local, { destinations: [destination], signal });
  expect(destination.calls.at(-1)).toMatchObject({ run: { id: orphan.id }, parentState: undefined });
});

it('waits for the parent of a run that is written at the same time', async () => {
  let isOpen = false;
  const destination = memory(({ run }) => (run.parent === undefined && !isOpen ? away() : undefined));
  const tracker = sendingTracker(localTracker({ folder: await newFolder() }), {
    destinations: [destination],
    tell: () => undefined,
    ...quick,
  });
  const parent = await tracker.startRun({ experiment: 'a' });
  const child = await tracker.startRun({ experiment: 'a', parent: parent.id });
  const finished = child.finish();
  isOpen = true;
  await finished;
  await parent.finish();
  expect(destination.calls.find((c) => c.run.id === child.id)?.parentState).toBeDefined();
});

it('gives a destination up that lets nobody in, and goes on with the others', async () => {
  const denied = {
    ...memory(() => destinationErrors.DESTINATION_DENIED({ location: 'd:', problem: '401' })),
    location: 'd:',
  };
  const there = memory();
  const local = localTracker({ folder: await newFolder() });
  for (const _ of [1, 2]) await (await local.startRun({ experiment: 'a' })).finish();
  const synced = await syncTracked(local, { destinations: [denied, there], signal });
  expect(synced.map((s) => [s.destination, s.outcome])).toEqual([
    ['d:', 'failed'],
    ['memory:', 'sent'],
    ['memory:', 'sent'],
  ]);
});

/** Logs and sends into a file, one line a shipment line, and is killed in the middle. */
async function killedWhileSending(folder: string, arrived: string, atCall: number): Promise<void> {
  const here = (name: string): string => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));
  const script = `
    import { appendFileSync } from 'node:fs';
    import { localTracker } from ${here('../local.ts')};
    import { sendingTracker } from ${here('sending-tracker.ts')};
    let calls = 0;
    const destination = { name: 'memory', location: 'memory:', async send({ lines }) {
      calls += 1;
      if (calls === ${atCall}) process.kill(process.pid, 'SIGKILL');
      for (const line of lines) appendFileSync(process.argv[2], JSON.stringify(line) + '\\n');
      return { calls };
    } };
    const tracker = sendingTracker(localTracker({ folder: process.argv[1] }),
      { destinations: [destination], tell() {}, maxBytes: 400, intervalMs: 1 });
    const run = await tracker.startRun({ id: 'killed', experiment: 'intent' });
    for (let i = 0; i < 200; i++) await run.logMetrics({ loss: i });
    await run.finish();`;
  const program = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, folder, arrived]);
  return program.then(
    () => Promise.reject(new Error('it was not killed')),
    (error: unknown) => expect(error).toMatchObject({ signal: 'SIGKILL' }),
  );
}

it.each([1, 4])('sends the rest after the process was killed at its shipment %d', async (atCall) => {
  const folder = await newFolder();
  const arrived = join(folder, 'arrived.jsonl');
  await writeFile(arrived, '');
  await killedWhileSending(folder, arrived, atCall);
  const local = localTracker({ folder });
  const logged = (await local.metricHistory('killed', 'loss')).length;
  const destination: Destination = {
    name: 'memory',
    location: 'memory:',
    async send({ lines }) {
      await appendFile(arrived, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return {};
    },
  };
  expect(await syncTracked(local, { destinations: [destination], signal })).toMatchObject([{ outcome: 'sent' }]);
  const lines = (await readFile(arrived, 'utf8')).split('\n').slice(0, -1);
  expect(steps(lines.map((line) => JSON.parse(line) as RunLine))).toEqual(upTo(logged));
});
