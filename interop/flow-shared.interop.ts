import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClient } from '../packages/smallboat/src/flow/client.ts';
import { readRun } from '../packages/smallboat/src/flow/read-run.ts';
import type { RunStore } from '../packages/smallboat/src/flow/store/run-store.ts';
import { type SharedPlace, localPlace, remotePlace } from './metaflow-places.ts';

/*
 * Runs of whole flows in places that Metaflow and Smallboat share: a folder, and S3 with the metadata service. Both find the place by Metaflow's
 * configuration. What is written on one side is read on the other.
 */

const flowRoom = new URL('../packages/smallboat/src/flow/index.ts', import.meta.url).href;

const OURS = `
import { each, flow, repeat, step } from '${flowRoom}';

const plan = step('plan', { run: (_: object, { log }) => {
  log('planned', { points: 3 });
  return { points: [10, 20, 30], folds: ['a', 'b'] };
} });
const fit = step('fit', { retry: { times: 1, backoffSeconds: 0 }, run: ({ point }: { point: number }, { attempt }) => {
  console.log('fitting', point);
  console.error('careful');
  if (point === 20 && attempt === 0) throw new Error('not yet');
  return { score: point / 10, weights: Float32Array.of(point, point + 0.5) };
} });
const fold = step('fold', { run: ({ score, name }: { score: number; name: string }) => ({ folded: name + score }) });
const grow = step('grow', { run: ({ size }: { size: number }) => ({ size: size + 1, more: size < 2 }) });
const report = step('report', { run: ({ folds, size }: { folds: readonly (readonly { folded: string }[])[]; size: number }) => {
  if (process.env.BROKEN) throw new Error('broken on purpose');
  return { names: folds.map((inner) => inner.map(({ folded }) => folded)), size };
} });

/** Shared with Python. */
export const shared = flow('Shared', {}, () => {
  const { points, folds } = plan({});
  const folded = each(points, (point) => {
    const { score } = fit({ point });
    return each(folds, (name) => fold({ score, name }));
  });
  const { size } = repeat({ size: 0 }, ({ size }) => grow({ size }), { while: ({ more }) => more });
  return report({ folds: folded, size });
});
`;

const THEIRS = `
from metaflow import FlowSpec, step, Parameter, retry, current
import sys
class PyShared(FlowSpec):
    rate = Parameter('rate', default=0.25)
    @step
    def start(self):
        self.items = ['a', 'b']
        print('starting')
        print('complaining', file=sys.stderr)
        self.next(self.each, foreach='items')
    @retry(times=1, minutes_between_retries=0)
    @step
    def each(self):
        self.upper = self.input.upper()
        if self.input == 'b' and current.retry_count == 0:
            raise ValueError('once')
        self.next(self.join)
    @step
    def join(self, inputs):
        self.all = [i.upper for i in inputs]
        self.next(self.end)
    @step
    def end(self):
        if self.rate > 1: raise ValueError('too high')
if __name__ == '__main__':
    PyShared()
`;

describe.each([
  ['a folder', localPlace],
  ['S3 and the metadata service', remotePlace],
] as const)('in %s', (name, make) => {
  let place: SharedPlace;
  let store: RunStore;
  beforeAll(async () => {
    place = await make();
    store = await place.open();
    const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
    await symlink(modules, join(place.folder, 'node_modules'));
    await writeFile(join(place.folder, 'shared.ts'), OURS);
    await writeFile(join(place.folder, 'py_shared.py'), THEIRS);
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  describe('a flow that ran here, in Metaflow’s own client', () => {
    let failed = '';
    let resumed = '';
    beforeAll(async () => {
      const args = ['run', 'shared.ts', '--tag', 'nightly', '--quiet', '--run-id-file', 'run-id'];
      await expect(place.smallboat(args, { BROKEN: '1' })).rejects.toThrow('broken on purpose');
      resumed = (await place.smallboat(['resume', '--quiet'])).trim().split('/')[1] ?? '';
      failed = (await store.run('Shared', resumed))?.origin ?? '';
    });

    it('is found by namespace, tag and end', async () => {
      const seen = await place.ask(`
import json
from metaflow import Flow, namespace, get_namespace
own = get_namespace()
f = Flow('Shared')
mine = [r.id for r in f]
tagged = [r.id for r in f.runs('nightly')]
namespace('user:bo')
try:
    theirs = [r.id for r in Flow('Shared')]
except Exception as e:
    theirs = type(e).__name__
namespace(None)
print(json.dumps({'own': own, 'mine': sorted(mine), 'tagged': tagged, 'theirs': theirs, 'latest': Flow('Shared').latest_run.id, 'ok': Flow('Shared').latest_successful_run.id}))`);
      expect(seen).toMatchObject({
        own: 'user:ada',
        mine: [failed, resumed].sort(),
        tagged: [failed],
        theirs: expect.anything() as unknown,
        latest: resumed,
        ok: resumed,
      });
    });

    it('has its steps, and each task its place, neighbours, attempts and logs', async () => {
      const seen = (await place.ask(
        `
import json, sys
from metaflow import Run, Task, namespace
namespace(None)
run = Run('Shared/' + sys.argv[1])
def tasks(step): return sorted(run[step], key=lambda t: int(t.id))
fits, folds = tasks('fit'), tasks('fold')
twice = [t for t in fits if t.current_attempt == 1][0]
print(json.dumps({
  'steps': sorted(s.id for s in run), 'successful': run.successful, 'finished': run.finished,
  'index': sorted(t.index for t in fits), 'plan': run['plan'].task.index,
  'place': sorted('/'.join(str(f.index) for f in t['_foreach_stack'].data) for t in folds),
  'var': [run['plan'].task['_foreach_var'].data, run['plan'].task['_foreach_num_splits'].data],
  'parents': sorted(s.id for s in run['fit'].parent_steps), 'children': sorted(s.id for s in run['fit'].child_steps),
  'parent_tasks': [p.pathspec.split('/')[2] for t in fits for p in t.parent_tasks],
  'child_tasks': [sorted(c.pathspec.split('/')[2] for c in t.child_tasks) for t in fits],
  'fold_parents': [[p.index for p in t.parent_tasks] == [t['_foreach_stack'].data[0].index] for t in folds],
  'grow': sorted(t.data.size for t in run['grow']), 'iterations': sorted(t['_iteration_stack'].data[0] for t in run['grow']),
  'twice': twice.index, 'out': twice.stdout, 'err': twice.stderr, 'first': Task(twice.pathspec, attempt=0).stdout, 'first_ok': Task(twice.pathspec, attempt=0).successful,
  'score': twice.data.score, 'weights': twice.data.weights.tolist(), 'dtype': str(twice.data.weights.dtype),
  'log': run['plan'].task.stdout, 'ended': twice.finished_at is not None, 'meta': sorted(set(m.name for m in twice.metadata)),
}))`,
        [failed],
      )) as Record<string, unknown>;
      expect(seen).toMatchObject({
        steps: ['fit', 'fold', 'grow', 'plan', 'report', 'start'],
        successful: false,
        finished: false,
        index: [0, 1, 2],
        plan: null,
        place: ['0/0', '0/1', '1/0', '1/1', '2/0', '2/1'],
        var: ['points', 3],
        parents: ['plan'],
        children: ['fold'],
        parent_tasks: ['plan', 'plan', 'plan'],
        child_tasks: [
          ['fold', 'fold'],
          ['fold', 'fold'],
          ['fold', 'fold'],
        ],
        fold_parents: [true, true, true, true, true, true],
        grow: [1, 2, 3],
        iterations: [0, 1, 2],
        twice: 1,
        out: 'fitting 20\n',
        err: 'careful\n',
        first_ok: false,
        score: 2,
        weights: [20, 20.5],
        dtype: 'float32',
        log: 'planned points=3\n',
        ended: true,
      });
      expect(seen['first']).toMatch(/^fitting 20\nError: not yet\n/);
      expect(seen['meta']).toEqual(
        expect.arrayContaining([
          'attempt',
          'attempt-done',
          'attempt_ok',
          'ds-root',
          'ds-type',
          'foreach-execution-path',
        ]),
      );
    });

    it('that was resumed says what it goes back to, and has what was taken over', async () => {
      const seen = await place.ask(
        `
import json, sys
from metaflow import Run, namespace
namespace(None)
run = Run('Shared/' + sys.argv[1])
print(json.dumps({
  'origin': run.origin_pathspec, 'names': run.data.names, 'size': run.data.size, 'result': run.end_task.successful,
  'fold': sorted(t.data.folded for t in run['fold']), 'index': sorted(t.index for t in run['fit']),
  'steps': len(list(run)), 'code': run.code,
}))`,
        [resumed],
      );
      expect(seen).toEqual({
        origin: `Shared/${failed}`,
        names: [
          ['a1', 'b1'],
          ['a2', 'b2'],
          ['a3', 'b3'],
        ],
        size: 3,
        result: true,
        fold: ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'],
        index: [0, 1, 2],
        steps: 7,
        code: null,
      });
    });

    it('takes tags from both sides', async () => {
      await place.smallboat(['tag', 'add', `Shared/${resumed}`, '--tag', 'ours', '--tag', 'gone']);
      const seen = await place.ask(
        `
import json, sys
from metaflow import Run, namespace
namespace(None)
run = Run('Shared/' + sys.argv[1])
before = sorted(run.user_tags)
run.replace_tags(['gone'], ['theirs', 'user:ada'])
run.add_tags(['more']); run.remove_tag('more')
try:
    run.remove_tag('user:ada')
    refused = False
except Exception: refused = True
print(json.dumps([before, sorted(run.user_tags), refused]))`,
        [resumed],
      );
      expect(seen).toEqual([['gone', 'ours'], ['ours', 'theirs'], true]);
      expect([...((await store.run('Shared', resumed))?.tags ?? [])].sort()).toEqual(['ours', 'theirs']);
      expect(JSON.parse(await place.smallboat(['runs', '--tag', 'theirs', '--json']))).toMatchObject([
        { run: resumed },
      ]);
    });
  });

  describe('a flow that ran in Python, here', () => {
    let run = '';
    let failed = '';
    beforeAll(async () => {
      const play = (...args: string[]): Promise<string> =>
        place.python(
          `import runpy, sys; sys.argv = ['py_shared.py'] + sys.argv[1:]; runpy.run_path('py_shared.py', run_name='__main__')`,
          ['--quiet', 'run', ...args],
        );
      await play('--tag', 'snake');
      // The same flow on the side that is slower to test would be the same again.
      if (name === 'a folder') await play('--rate', '2').catch(() => undefined);
      const [latest, before] = await store.runs('PyShared');
      run = (before ?? latest)?.run ?? '';
      failed = before ? (latest?.run ?? '') : '';
    });

    it('is listed with its tags, steps, tasks and their places', async () => {
      await using client = await openClient(store);
      const past = await client.flow('PyShared').run(run);
      expect([await past.state(), past.tags, past.user]).toEqual(['done', ['snake'], 'ada']);
      expect(past.systemTags).toContain('runtime:dev');
      expect(await past.steps()).toEqual(['start', 'each', 'join', 'end']);
      const tasks = await past.tasks('each');
      expect(tasks.map((task) => [task.name, task.state, task.attempts])).toEqual([
        ['each[0]', 'done', 1],
        ['each[1]', 'done', 2],
      ]);
      expect(await (await past.task('join')).artifact('all')).toEqual(['A', 'B']);
      expect(await past.params()).toEqual({ rate: 0.25 });
    });

    it('has what it logged and what is known of its tasks', async () => {
      await using client = await openClient(store);
      const past = await client.flow('PyShared').run(run);
      expect(await (await past.task('start')).log()).toBe('starting\n');
      expect(await (await past.task('start')).log({ stream: 'stderr' })).toBe('complaining\n');
      expect(await (await past.task('each', [1])).log({ stream: 'stderr', attempt: 0 })).toContain('ValueError: once');
      const task = (await store.tasks('PyShared', run)).find(({ path }) => path.step === 'each');
      const facts = task ? await store.facts(task.path) : [];
      expect(facts.map(({ field }) => field)).toEqual(
        expect.arrayContaining(['attempt', 'ds-type', 'metaflow_version']),
      );
    });

    it('is shown as failed where it failed', async ({ skip }) => {
      skip(failed === '', 'only once');
      const view = await readRun(store, { flow: 'PyShared', run: failed });
      expect([view.state, view.steps.map((step) => [step.name, step.state])]).toEqual([
        'failed',
        [
          ['start', 'done'],
          ['each', 'done'],
          ['join', 'done'],
          ['end', 'failed'],
        ],
      ]);
    });

    it('keeps its blobs where ours are, under the same keys', async () => {
      const python = (await store.tasks('PyShared', run)).find(({ path }) => path.step === 'join');
      const [ours] = await store.tasks('Shared', (await store.runs('Shared'))[0]?.run ?? '');
      const internals = (of: typeof python, key: string) => of?.ended?.internals[key];
      expect(internals(ours, '_success')).toBe(internals(python, '_success'));
      expect(internals(ours, '_exception')).toBe(internals(python, '_exception'));
    });

    it('is kept by gc with all that it names', async () => {
      const { collectGarbage } = await import('../packages/smallboat/src/flow/gc/collect-garbage.ts');
      const clock = (): number => Date.now() + 10 * 864e5;
      const { runs } = await collectGarbage(place.spec, { keepNewest: 1, clock });
      expect(runs.map(({ flow }) => flow)).toEqual(name === 'a folder' ? ['PyShared', 'Shared'] : ['Shared']);
      const seen = await place.ask(`
import json
from metaflow import Flow, namespace
namespace(None)
out = {}
for flow in ['PyShared', 'Shared']:
    run = Flow(flow).latest_run
    out[flow] = [sum(len(str(a.data)) > 0 for s in run for t in s for a in t), [len(t.stdout) >= 0 for s in run for t in s][0]]
print(json.dumps(out))`);
      expect(seen).toMatchObject({ PyShared: [expect.any(Number), true], Shared: [expect.any(Number), true] });
    });
  });
});
