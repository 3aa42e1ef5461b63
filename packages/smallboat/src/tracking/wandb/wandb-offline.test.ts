import { appendFile, mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Shipment } from '../destination.ts';
import type { RunLine, RunStart } from '../run-log.ts';
import { wandbOffline } from './wandb-offline.ts';

const run: RunStart = {
  t: 'start',
  v: 1,
  id: 'one',
  experiment: 'intent',
  name: 'one',
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  host: 'h',
  pid: 1,
  lineage: {},
};
const metric = (s: number): RunLine => ({ t: 'm', at: run.at + s, s, v: { loss: s } });

it('writes the same file, whether a shipment comes once, twice or after half of it', async () => {
  const shipments: readonly (readonly RunLine[])[] = [
    [run, ...Array.from({ length: 900 }, (_, i) => metric(i))],
    [metric(900), { t: 'end', status: 'finished', at: run.at + 1000 }],
  ];
  const written = await Promise.all(
    [false, true].map(async (isTwice) => {
      const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
      const path = join(folder, 'offline-run-20260102_030405-one', 'run-one.wandb');
      const destination = wandbOffline({ folder });
      let state: unknown;
      for (const lines of shipments) {
        const shipment: Shipment = {
          run,
          lines,
          state,
          parentState: undefined,
          locate: (name) => name,
          signal: new AbortController().signal,
        };
        let next = await destination.send(shipment);
        if (isTwice) {
          // The first time ended in a crash: its state was never kept.
          await appendFile(path, 'half a record');
          next = await destination.send(shipment);
        }
        state = JSON.parse(JSON.stringify(next));
      }
      expect(await readdir(folder)).toEqual(['offline-run-20260102_030405-one']);
      return readFile(path);
    }),
  );
  expect(written[0]?.equals(written[1] ?? Buffer.alloc(0))).toBe(true);
  expect(written[0]?.subarray(0, 7)).toEqual(Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]));
});
