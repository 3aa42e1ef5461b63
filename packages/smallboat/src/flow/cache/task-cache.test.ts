import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, it } from 'vitest';
import { type Flow, isFlow } from '../compose/flow.ts';
import { runFlow } from '../run-flow.ts';
import type { RunStore } from '../store/run-store.ts';
import { inMemoryRunStore } from '../store-in-memory.ts';
import { whyTask } from './why.ts';

const room = pathToFileURL(join(import.meta.dirname, '../index.ts')).href;
const zod = import.meta.resolve('zod');

const SOURCE = `
import * as z from '${zod}';
import { each, flow, step } from '${room}';
export const ran: string[] = [];
const note = (name: string): void => void (globalThis as { ran?: string[] }).ran?.push(name);
const list = step('list', { run: ({ n }: { n: number }) => { note('list'); return { xs: Array.from({ length: n }, (_, i) => i) }; } });
const square = step('square', { files: ['./table.txt'], run: ({ x }: { x: number }) => { note('square' + x); return { y: x * x }; } });
const sum = step('sum', { run: ({ ys }: { ys: readonly { y: number }[] }) => { note('sum'); return { total: ys.reduce((a, { y }) => a + y, 0) }; } });
const clock = step('clock', { cache: false, run: ({ total }: { total: number }) => { note('clock'); return { total, at: 1 }; } });
export const f = flow('F', { n: z.number() }, ({ n }) => clock(sum({ ys: each(list({ n }).xs, (x) => square({ x })) })));
`;

let store: RunStore;
let folder = '';
let version = 0;
beforeEach(async () => {
  store = inMemoryRunStore();
  folder = await mkdtemp(join(tmpdir(), 'smallboat-cache-'));
  await writeFile(join(folder, 'table.txt'), 'a');
});

/** Runs the flow as it stands now. @returns what ran, and the run. */
async function runs(n: number, source = SOURCE): Promise<{ ran: string[]; run: string; result: unknown }> {
  version += 1;
  await writeFile(join(folder, 'flow.ts'), source);
  const module = pathToFileURL(join(folder, 'flow.ts')).href;
  const exported = (await import(`${module}?${version}`)) as Record<string, unknown>;
  const flow = Object.values(exported).find(isFlow) as Flow;
  const ran: string[] = [];
  Object.assign(globalThis, { ran });
  const run = await runFlow(flow, { module, store, params: { n }, cache: true, maxWorkers: 1 });
  return { ran: ran.sort(), run: run.run, result: await run.result() };
}

it('does not run what ran before with the same code and inputs, in any run', async () => {
  const first = await runs(3);
  expect(first.ran).toEqual(['clock', 'list', 'square0', 'square1', 'square2', 'sum']);
  const second = await runs(3);
  expect(second).toMatchObject({ ran: ['clock'], result: { total: 5, at: 1 } });
  expect((await runs(4)).ran).toEqual(['clock', 'list', 'square3', 'sum']);
});

it.each([
  ['a body', (s: string) => s.replace('x * x', 'x * x + 0'), ['clock', 'square0', 'square1']],
  ['a comment', (s: string) => s.replace('x * x', 'x * x /* so */'), ['clock']],
  ['the body of the last', (s: string) => s.replace('at: 1', 'at: 2'), ['clock']],
])('runs what %s concerns', async (_, change, ran) => {
  await runs(2);
  expect((await runs(2, change(SOURCE))).ran).toEqual(ran);
});

it('runs what reads a file that has changed', async () => {
  await runs(2);
  await writeFile(join(folder, 'table.txt'), 'b');
  expect((await runs(2)).ran).toEqual(['clock', 'square0', 'square1']);
});

it('says why a task ran, or where it was taken from', async () => {
  const first = await runs(2);
  const second = await runs(2, SOURCE.replace('x * x', 'x + x'));
  const why = async (run: string, step: string): Promise<string[]> =>
    (await whyTask(store, { flow: 'F', run, step }, folder)).map(({ task, reason }) => `${task}: ${reason}`);
  expect(await why(first.run, 'list')).toEqual([
    'list: it ran, because no earlier run of the flow with --cache has done it',
  ]);
  expect(await why(second.run, 'list')).toEqual([
    `list: it was taken from F/${first.run}/list/2, which had the same code and inputs`,
  ]);
  expect(await why(second.run, 'square')).toEqual([
    `square[0]: it ran, because since run ${first.run} its code has changed (flow.ts)`,
    `square[1]: it ran, because since run ${first.run} its code has changed (flow.ts)`,
  ]);
  expect(await why(second.run, 'sum')).toEqual([
    `sum: it ran, because since run ${first.run} its input 'ys' has another content`,
  ]);
  expect(await why(second.run, 'clock')).toEqual(['clock: it ran, because its step says cache: false']);
});

it('does not keep what a catch gave', async () => {
  const source = `
import { flow, step } from '${room}';
const risky = step('risky', { run: (): { x: number } => { (globalThis as { ran?: string[] }).ran?.push('risky'); throw new Error('no'); }, catch: () => ({ x: 0 }) });
export const f = flow('F', {}, () => risky({}));`;
  version += 1;
  await writeFile(join(folder, 'flow.ts'), source);
  const module = pathToFileURL(join(folder, 'flow.ts')).href;
  const { f } = (await import(`${module}?${version}`)) as { f: Flow };
  const ran: string[] = [];
  Object.assign(globalThis, { ran });
  for (let i = 0; i < 2; i += 1) await runFlow(f, { module, store, cache: true });
  expect(ran).toEqual(['risky', 'risky']);
});
