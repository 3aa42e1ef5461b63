import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRunStore, readRun, resumeFlow, runFlow, writeRunCard } from '../../packages/smallboat/src/flow/index.ts';
import { metaflowEnv } from '../metaflow-client.ts';
import { python } from '../python.ts';
import { showcase, slow } from './showcase.ts';

const module = new URL('./showcase.ts', import.meta.url);
let folder = '';
let first = '';
let second = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-cards-'));
  const store = { folder, user: 'ada' };
  await using run = await runFlow(showcase, { module, store });
  await writeRunCard({ store: run.store, flow: 'Showcase', run: run.run, path: join(folder, 'card.html') });
  await using resumed = await resumeFlow(showcase, { module, store, run: run.run, from: 'report' });
  [first, second] = [run.run, resumed.run];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Every card that Metaflow's own client finds in a run: pathspec without the run, kind, id, title, and the run that it is followed to. */
const CARDS = `
import json, re, sys
from metaflow import Flow, Run, namespace
from metaflow.cards import get_cards
from metaflow.plugins.cards.exception import CardNotPresentException
namespace(None)
found = []
for step in Run(sys.argv[1]):
    for task in step:
        try:
            for card in get_cards(task):
                title = re.search(r"<h1>(.*?)</h1>", card.get()).group(1)
                found.append([task.pathspec.split("/", 2)[2].split("/")[0], card.type, card.id, title, task.origin_pathspec])
        except CardNotPresentException:
            pass
print(json.dumps(sorted(found, key=str)))
`;

async function cardsOf(run: string): Promise<unknown[][]> {
  const path = join(folder, 'cards.py');
  await writeFile(path, CARDS);
  const printed = await python('metaflow', [path, run], { cwd: folder, env: metaflowEnv(folder) });
  return JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '') as unknown[][];
}

it('Metaflow’s client finds the card of every task, and that of the run', async () => {
  expect(await cardsOf(`Showcase/${first}`)).toEqual([
    ['fit', 'default', null, 'fit[0] · done', null],
    ['fit', 'default', null, 'fit[1] · done', null],
    ['fit', 'default', null, 'fit[2] · done', null],
    ['fit', 'default', null, 'fit[4] · done', null],
    ['fit', 'default', null, 'fit[5] · done', null],
    ['report', 'default', null, 'report · done', null],
    ['start', 'default', 'run', 'Showcase · done', null],
  ]);
});

it('follows those of a resumed run to where they were made', async () => {
  const cards = await cardsOf(`Showcase/${second}`);
  expect(cards.filter(([step]) => step === 'fit').map(([, , , title]) => title)).toHaveLength(5);
  for (const [step, , , , origin] of cards) {
    if (step === 'fit') expect(origin).toMatch(new RegExp(`^Showcase/${first}/fit/`));
    if (step === 'report') expect(origin).toBeNull();
  }
});

it('sees the card of a task that still runs, and again what it has become', async () => {
  const store = { folder, user: 'ada' };
  const running = runFlow(slow, { module, store, params: { folder } });
  const own = await openRunStore(store);
  const read = async () => {
    const [info] = await own.runs('Slow');
    return info && (await readRun(own, info));
  };
  let seen: unknown[][] = [];
  for (let tries = 0; tries < 60 && seen.length === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const view = await read();
    if (view) seen = await cardsOf(`Slow/${view.info.run}`).catch(() => []);
  }
  expect(seen).toEqual([['work', 'default', null, 'work · running', null]]);
  expect((await read())?.steps[0]?.tasks[0]).not.toHaveProperty('endedAt');
  await writeFile(join(folder, 'enough'), '');
  await using run = await running;
  expect(await cardsOf(`Slow/${run.run}`)).toEqual([['work', 'default', null, 'work · done', null]]);
  await own[Symbol.asyncDispose]();
});

it('Metaflow’s command line lists and gets them', async () => {
  const program = join(folder, 'stub.py');
  await writeFile(
    program,
    `from metaflow import FlowSpec, step
class Showcase(FlowSpec):
    @step
    def start(self): self.next(self.end)
    @step
    def end(self): pass
if __name__ == "__main__": Showcase()
`,
  );
  const own = await openRunStore({ folder });
  const report = (await own.tasks('Showcase', first)).find(({ path }) => path.step === 'report')?.path.task ?? '';
  await own[Symbol.asyncDispose]();
  const ask = (...args: string[]) =>
    python('metaflow', [program, '--quiet', 'card', ...args], { cwd: folder, env: metaflowEnv(folder) });
  expect(await ask('get', `${first}/report/${report}`)).toMatch(/^<!doctype html>[\s\S]*report · done/);
  expect(await ask('get', `${first}/start/1`, '--id', 'run')).toContain('Showcase · done');
});
