import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { flow, gang, openClient, runFlow, step } from '../packages/smallboat/src/flow/index.ts';
import { openRunStore } from '../packages/smallboat/src/flow/store/open-run-store.ts';
import { askMetaflow, metaflowEnv } from './metaflow-client.ts';
import { pythonEnv } from './python.ts';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A gang made here in Metaflow's client, and one of Metaflow's own runtime read here. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-gang-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plan = step('plan', { run: () => ({ count: 3 }) });
const part = step('part', {
  run: (_: { readonly from: number }, { gang: own }) => ({ at: own?.index ?? -1, of: own?.count ?? -1 }),
});
const total = step('total', {
  run: ({ parts }: { parts: readonly { readonly at: number }[] }) => ({
    sum: parts.reduce((sum, { at }) => sum + at, 0),
  }),
});
const ours = flow('OurGang', {}, () => {
  const { count } = plan({});
  return total({ parts: gang(count, () => part({ from: count })) });
});

const READ = `
import json, sys
from metaflow import Run, namespace
namespace(None)
run = Run(sys.argv[1])
names = sys.argv[2].split(',')
before, many, after = [run[n] for n in names]
tasks = sorted(many, key=lambda t: t.index)
graph = run[names[0]].task['_graph_info'].data['steps']
print(json.dumps({
  'ok': run.successful, 'index': [t.index for t in tasks], 'at': [t.data.at for t in tasks], 'of': [t.data.of for t in tasks],
  'control': many.control_task.index, 'controls': len(list(many.control_tasks())),
  'world': sorted(set(str(m.value) for t in tasks for m in t.metadata if m.name == 'parallel-world-size')),
  'types': [graph[n]['type'] for n in names],
  'parents': [[p.pathspec.split('/')[2] for p in t.parent_tasks] for t in tasks],
  'children': sorted(c.index for c in before.task.child_tasks), 'joined': len(list(after.task.parent_tasks)),
}))`;

const read = (run: string, steps: string): Promise<unknown> => askMetaflow(folder, READ, [run, steps]);
const wanted = {
  ok: true,
  index: [0, 1, 2],
  at: [0, 1, 2],
  of: [3, 3, 3],
  control: 0,
  controls: 1,
  world: ['3'],
  parents: [['plan'], ['plan'], ['plan']],
  children: [0, 1, 2],
  joined: 3,
};

it('made here is one for Metaflow’s client', async () => {
  const store = await openRunStore({ folder, user: 'ada' });
  await using run = await runFlow(ours, { module: import.meta.url, store, maxWorkers: 3 });
  expect(await run.result()).toEqual({ sum: 3 });
  expect(await read(`OurGang/${run.run}`, 'plan,part,total')).toEqual({
    ...wanted,
    types: ['split-parallel', 'linear', 'join'],
  });
});

const THEIRS = `
from metaflow import FlowSpec, step, parallel, current
class TheirGang(FlowSpec):
    @step
    def start(self):
        self.next(self.plan)
    @step
    def plan(self):
        self.next(self.part, num_parallel=3)
    @parallel
    @step
    def part(self):
        self.at = current.parallel.node_index
        self.of = current.parallel.num_nodes
        self.next(self.total)
    @step
    def total(self, inputs):
        self.sum = sum(i.at for i in inputs)
        self.next(self.end)
    @step
    def end(self): pass
if __name__ == '__main__': TheirGang()
`;

it('of Metaflow’s own looks the same to its client, and is read here', async () => {
  await writeFile(join(folder, 'theirs.py'), THEIRS);
  const bin = pythonEnv('metaflow');
  const program = join(bin, 'python');
  // It starts the other tasks by the name `python`.
  const PATH = `${bin}:${process.env['PATH'] ?? ''}`;
  const options = { cwd: folder, env: { ...process.env, ...metaflowEnv(folder), PATH } };
  await promisify(execFile)(program, ['theirs.py', '--quiet', 'run'], options);
  await using client = await openClient({ folder });
  const run = await client.flow('TheirGang').latestSuccessful();
  const tasks = (await run?.tasks('part')) ?? [];
  expect(await Promise.all(tasks.map((task) => task.artifact('at')))).toEqual([0, 1, 2]);
  const seen = await read(run?.pathspec ?? '', 'plan,part,total');
  // Its client finds no place in a list for the tasks of a gang, and names the one step before them.
  expect(seen).toMatchObject({ ok: true, at: wanted.at, of: wanted.of, controls: 1, world: ['3'] });
  expect(seen).toHaveProperty('types', ['split-parallel', 'linear', 'join']);
}, 60_000);
