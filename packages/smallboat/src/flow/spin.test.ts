import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Flow } from './compose/flow.ts';
import { runFlow } from './run-flow.ts';
import { spin } from './spin.ts';
import { openRunStore } from './store/open-run-store.ts';

const room = pathToFileURL(join(import.meta.dirname, 'index.ts')).href;
const source = `
import { each, flow, step } from '${room}';
import { existsSync } from 'node:fs';
const list = step('list', { run: ({ folder }: { folder: string }) => ({ xs: [1, 2, 3], folder }) });
const fit = step('fit', { run: ({ x, folder, scale }: { x: number; folder: string; scale: number }, { log }) => {
  log('fitting', { x });
  if (existsSync(folder + '/broken') && x === 2) throw new Error('broken at ' + x);
  return { y: x * scale, note: 'kept' };
} });
export const tune = flow('Tune', {}, () => {
  const { xs, folder } = list({ folder: FOLDER });
  return each(xs, (x) => fit({ x, folder, scale: 10 }));
});
`;

let folder = '';
let module = '';
let flow: Flow;
let run = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-spin-'));
  const path = join(folder, 'flow.ts');
  await writeFile(path, source.replace('FOLDER', JSON.stringify(folder)));
  module = pathToFileURL(path).href;
  ({ tune: flow } = (await import(module)) as { tune: Flow });
  await writeFile(join(folder, 'broken'), '');
  await expect(runFlow(flow, { module, store: { folder }, maxWorkers: 1 })).rejects.toThrow('broken at 2');
  await using store = await openRunStore({ folder });
  run = (await store.runs('Tune'))[0]?.run ?? '';
});

describe('a step of a past run', () => {
  it('runs again with the inputs that it had, and what it makes is compared', async () => {
    const spun = await spin(flow, 'fit', { module, store: { folder }, run, index: [0] });
    expect(spun.made).toEqual({ y: 10, note: 'kept' });
    expect(spun.changed).toEqual([]);
  });

  it('runs with other inputs where they are given', async () => {
    const spun = await spin(flow, 'fit', { module, store: { folder }, run, index: [0], inputs: { scale: 3, x: 5 } });
    expect(spun.made).toEqual({ y: 15, note: 'kept' });
    expect(spun.changed).toEqual(['y']);
  });

  it('runs where it had failed, and fails again', async () => {
    const again = spin(flow, 'fit', { module, store: { folder }, run, index: [1] });
    await expect(again).rejects.toMatchObject({ code: 'SPIN_FAILED', message: expect.stringContaining('broken at 2') });
  });

  it('leaves the run as it is', async () => {
    await using store = await openRunStore({ folder });
    expect((await store.runs('Tune')).map((info) => info.run)).toEqual([run]);
    await using spins = await openRunStore({ folder: join(folder, 'spin') });
    expect((await spins.runs('Tune')).length).toBeGreaterThan(1);
  });

  it.each([
    ['fit', { index: [9] }, 'SPIN_INPUTS_UNKNOWN'],
    ['fits', {}, 'STEP_NOT_IN_FLOW'],
    ['fit', { inputs: { y: 1 } }, 'SPIN_INPUT_UNKNOWN'],
    ['fit', { run: '1' }, 'RUN_NOT_FOUND'],
  ])('says so where there is none: %s %j', async (step, more, code) => {
    await expect(spin(flow, step, { module, store: { folder }, run, ...more })).rejects.toMatchObject({ code });
  });
});
