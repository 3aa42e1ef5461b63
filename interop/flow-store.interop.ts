import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localRunStore } from '../packages/smallboat/src/flow/store/local-run-store.ts';
import { NdArray } from '../packages/smallboat/src/flow/store/nd-array.ts';
import { decodePickle } from '../packages/smallboat/src/flow/store/pickle-decode.ts';
import { encodePickle } from '../packages/smallboat/src/flow/store/pickle-encode.ts';
import type { ArtifactKey, ArtifactKeys, RunStore, TaskPath } from '../packages/smallboat/src/flow/store/run-store.ts';
import { askMetaflow, metaflowEnv } from './metaflow-client.ts';
import { python } from './python.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-metaflow-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ask = (program: string, args: readonly string[] = []): Promise<unknown> => askMetaflow(folder, program, args);

describe('a run made here, in Metaflow’s own client', () => {
  const values: Readonly<Record<string, unknown>> = {
    none: null,
    yes: true,
    int: -5,
    large: 2 ** 53 - 1,
    huge: -(2n ** 100n),
    float: 0.1,
    negative_zero: -0,
    nan: NaN,
    infinite: -Infinity,
    text: 'Kø 🚣 \ud800',
    long_text: 'lorem ipsum '.repeat(5000),
    bytes: Uint8Array.of(0, 128, 255),
    list: [1, [2.5, 'x'], {}],
    dict: { a: { b: [null] }, __proto__: null },
    by_number: new Map<unknown, unknown>([
      [1, 'a'],
      ['b', 2],
    ]),
    members: new Set([1, 'a']),
    at: new Date('2024-02-29T12:34:56.789Z'),
    f4: Float32Array.of(1.5, -2, NaN),
    f8: Float64Array.of(0.1),
    i1: Int8Array.of(-1),
    i2: Int16Array.of(-300),
    i4: Int32Array.of(-70_000),
    i8: BigInt64Array.of(-(2n ** 60n)),
    u2: Uint16Array.of(65_535),
    u4: Uint32Array.of(2 ** 32 - 1),
    u8: BigUint64Array.of(2n ** 63n),
    weights: Float32Array.from({ length: 100_000 }, (_, i) => Math.sin(i)),
    zeros: new Float64Array(100_000),
    matrix: new NdArray([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  };
  let run = '';
  let path: TaskPath;

  beforeAll(async () => {
    const store = localRunStore({ folder, user: 'ada' });
    run = await store.createRun('Intent', {
      tags: ['nightly', 'tuesday'],
      systemTags: ['runtime:dev'],
      graph: {
        doc: 'Will they buy?',
        steps: [
          { name: 'start', kind: 'start', next: ['train'] },
          { name: 'train', kind: 'linear', next: ['end'] },
          { name: 'end', kind: 'end', next: [] },
        ],
      },
    });
    const attempt = async (step: string, artifacts: ArtifactKeys, at = 0, task?: TaskPath): Promise<TaskPath> => {
      const target = task ?? (await store.createTask('Intent', run, step));
      await store.beginAttempt(target, at);
      await store.appendLog(target, at, 'stdout', `${step} ${at}\nhalf`);
      await store.appendLog(target, at, 'stdout', ' a line\n');
      await store.appendLog(target, at, 'stderr', 'warned\n');
      await store.endAttempt(target, at, { artifacts, hasSucceeded: !(step === 'train' && at === 0) });
      return target;
    };
    const rate = await store.save('Intent', 0.5);
    await attempt('_parameters', { rate });
    await attempt('start', { rate });
    const keys: Record<string, ArtifactKey> = {};
    for (const [name, value] of Object.entries(values)) keys[name] = await store.save('Intent', value);
    path = await attempt('train', {});
    await attempt('train', keys, 1, path);
    await attempt('end', { result: await store.save('Intent', { auc: 0.75 }) });
  });

  it('is the latest run, successful, with its tags, steps, logs and parameters', async () => {
    const seen = await ask(`
import json
from metaflow import Flow, Run, Metaflow
run = Flow('Intent').latest_run
ok = Flow('Intent').latest_successful_run
train = run['train'].task
print(json.dumps({
  'flows': [f.id for f in Metaflow().flows],
  'run': run.id, 'latest_ok': ok.id, 'successful': run.successful, 'finished': run.finished,
  'user_tags': sorted(run.user_tags), 'user': 'user:ada' in run.system_tags,
  'steps': [s.id for s in run], 'result': run.data.result,
  'parents': [s.id for s in run['train'].parent_steps], 'children': [s.id for s in run['train'].child_steps],
  'parent_tasks': [t.pathspec for t in train.parent_tasks],
  'rate': run['_parameters'].task.data.rate,
  'attempt': train.current_attempt, 'stdout': train.stdout, 'stderr': train.stderr, 'lines': [l for _, l in train.loglines('stdout')],
  'first': [__import__('metaflow').Task(train.pathspec, attempt=0).successful, __import__('metaflow').Task(train.pathspec, attempt=0).stdout],
  'artifacts': sorted(train.artifacts._fields),
  'exception': train.exception, 'index': train.index, 'runtime': train.runtime_name,
  'size': train['weights'].size, 'seconds': (run.finished_at - run.created_at).total_seconds() >= 0,
}))`);
    expect(seen).toMatchObject({
      flows: ['Intent'],
      run,
      latest_ok: run,
      successful: true,
      finished: true,
      user_tags: ['nightly', 'tuesday'],
      user: true,
      steps: ['end', 'train', 'start'],
      result: { auc: 0.75 },
      parents: ['start'],
      children: ['end'],
      parent_tasks: [`Intent/${run}/start/1`],
      rate: 0.5,
      attempt: 1,
      stdout: 'train 1\nhalf a line\n',
      stderr: 'warned\n',
      lines: ['train 1', 'half a line'],
      first: [false, 'train 0\nhalf a line\n'],
      artifacts: Object.keys(values).sort(),
      exception: null,
      index: null,
      runtime: 'dev',
      seconds: true,
    });
  });

  it('has the values and the types that Python expects', async () => {
    expect(
      await ask(
        `
import json, sys, math, datetime
import numpy as np
from metaflow import Task
d = Task(sys.argv[1]).data
def array(x, dtype, values): return type(x) is np.ndarray and x.dtype == np.dtype(dtype) and x.flags.writeable and np.array_equal(x, np.array(values, dtype=dtype), equal_nan=x.dtype.kind == 'f')
def same(x, y): return type(x) is type(y) and x == y
checks = {
  'none': d.none is None, 'yes': d.yes is True, 'int': same(d.int, -5), 'large': same(d.large, 2**53-1), 'huge': same(d.huge, -2**100),
  'float': same(d.float, 0.1), 'negative_zero': type(d.negative_zero) is float and math.copysign(1, d.negative_zero) == -1,
  'nan': math.isnan(d.nan), 'infinite': same(d.infinite, -math.inf),
  'text': same(d.text, 'K\\u00f8 \\U0001f6a3 \\ud800'), 'long_text': same(d.long_text, 'lorem ipsum ' * 5000), 'bytes': same(d.bytes, b'\\x00\\x80\\xff'),
  'list': same(d.list, [1, [2.5, 'x'], {}]), 'dict': same(d.dict, {'a': {'b': [None]}}), 'by_number': same(d.by_number, {1: 'a', 'b': 2}),
  'members': same(d.members, {1, 'a'}), 'at': same(d.at, datetime.datetime(2024, 2, 29, 12, 34, 56, 789000, tzinfo=datetime.timezone.utc)),
  'f4': array(d.f4, '<f4', [1.5, -2, math.nan]), 'f8': array(d.f8, '<f8', [0.1]), 'i1': array(d.i1, 'i1', [-1]), 'i2': array(d.i2, '<i2', [-300]),
  'i4': array(d.i4, '<i4', [-70000]), 'i8': array(d.i8, '<i8', [-2**60]), 'u2': array(d.u2, '<u2', [65535]), 'u4': array(d.u4, '<u4', [2**32-1]),
  'u8': array(d.u8, '<u8', [2**63]), 'weights': array(d.weights[:3], '<f4', [math.sin(0), math.sin(1), math.sin(2)]) and d.weights.shape == (100000,),
  'zeros': array(d.zeros, '<f8', [0] * 100000), 'matrix': d.matrix.shape == (2, 3) and array(d.matrix, '<f4', [[1, 2, 3], [4, 5, 6]]),
}
print(json.dumps(sorted(k for k, ok in checks.items() if not ok) + [len(checks)]))`,
        [Object.values(path).join('/')],
      ),
    ).toEqual([Object.keys(values).length]);
  });

  it('takes tags from the Python client and stays what it was', async () => {
    await ask(`
import json
from metaflow import Flow
run = Flow('Intent').latest_run
run.add_tag('from-python')
run.remove_tag('tuesday')
print(json.dumps(1))`);
    const [info] = await localRunStore({ folder }).runs('Intent');
    expect([...(info?.tags ?? [])].sort()).toEqual(['from-python', 'nightly']);
    expect(await localRunStore({ folder }).tasks('Intent', run)).toHaveLength(4);
  });
});

describe('a run that Python made, here', () => {
  const FLOW = `
from metaflow import FlowSpec, step, Parameter, retry
import numpy as np, datetime, collections, sys
class PyFlow(FlowSpec):
    rate = Parameter('rate', default=0.25)
    @step
    def start(self):
        self.items = ['a', 'b', 'c']
        self.text = 'Kø 🚣'
        self.nested = {'list': [1, 2.5, None, True], 'tuple': (1, 'x'), 'bytes': b'\\x00\\xff', 3: 'three'}
        self.members = frozenset([1, 2])
        self.ordered = collections.OrderedDict(z=1, a=2)
        self.when = datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc)
        self.array = np.arange(5, dtype='float32')
        self.matrix = np.arange(6).reshape(2, 3)
        self.scalar = np.float64(0.5)
        self.big = np.linspace(0, 1, 50001)
        print('starting')
        print('complaining', file=sys.stderr)
        self.next(self.each, foreach='items')
    @retry(times=1, minutes_between_retries=0)
    @step
    def each(self):
        from metaflow import current
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
        self.custom = PyThing()
class PyThing: pass
if __name__ == '__main__':
    PyFlow()
`;
  let store: RunStore;
  let run = '';
  const taskOf = async (step: string): Promise<Awaited<ReturnType<RunStore['tasks']>>[number]> => {
    const task = (await store.tasks('PyFlow', run)).find(({ path }) => path.step === step);
    if (task === undefined) throw new Error(`no task of ${step}`);
    return task;
  };
  const valueOf = async (step: string, name: string): Promise<unknown> => {
    const key = (await taskOf(step)).ended?.artifacts[name];
    if (key === undefined) throw new Error(`no artifact ${name}`);
    return store.load('PyFlow', key);
  };

  beforeAll(async () => {
    await writeFile(join(folder, 'py_flow.py'), FLOW);
    await python('metaflow', ['py_flow.py', '--quiet', 'run', '--rate', '0.75', '--tag', 'snake'], {
      cwd: folder,
      env: metaflowEnv(folder),
    });
    store = localRunStore({ folder });
    run = (await store.runs('PyFlow'))[0]?.run ?? '';
  });

  it('is listed with its tasks in order, their attempts and their tags', async () => {
    expect(await store.flows()).toContain('PyFlow');
    expect((await store.runs('PyFlow'))[0]).toMatchObject({ tags: ['snake'] });
    const tasks = await store.tasks('PyFlow', run);
    expect(tasks.map(({ path }) => path.step)).toEqual(['_parameters', 'start', 'each', 'each', 'each', 'join', 'end']);
    expect(tasks.map(({ attemptsBegun }) => attemptsBegun)).toEqual([1, 1, 1, 2, 1, 1, 1]);
    expect(tasks[3]?.ended).toMatchObject({ attempt: 1, hasSucceeded: true });
    for (const { ended, createdAt } of tasks) expect(ended?.endedAt).toBeGreaterThanOrEqual(createdAt - 1);
  });

  it('has the values that Python stored', async () => {
    expect(await valueOf('_parameters', 'rate')).toBe(0.75);
    expect(await valueOf('start', 'rate')).toBe(0.75);
    expect(await valueOf('start', 'text')).toBe('Kø 🚣');
    expect(await valueOf('start', 'nested')).toEqual(
      new Map<unknown, unknown>([
        ['list', [1, 2.5, null, true]],
        ['tuple', [1, 'x']],
        ['bytes', Uint8Array.of(0, 255)],
        [3, 'three'],
      ]),
    );
    expect(await valueOf('start', 'members')).toEqual(new Set([1, 2]));
    expect(await valueOf('start', 'ordered')).toEqual({ z: 1, a: 2 });
    expect(await valueOf('start', 'when')).toEqual(new Date('2024-01-02T03:04:05.678Z'));
    expect(await valueOf('start', 'array')).toEqual(Float32Array.of(0, 1, 2, 3, 4));
    expect(await valueOf('start', 'matrix')).toEqual(new NdArray([2, 3], BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n)));
    expect(await valueOf('start', 'scalar')).toBe(0.5);
    expect(((await valueOf('start', 'big')) as Float64Array)[25_000]).toBe(0.5);
    expect(await valueOf('join', 'all')).toEqual(['A', 'B', 'C']);
  });

  it('refuses an object of a class, and names it', async () => {
    await expect(valueOf('end', 'custom')).rejects.toMatchObject({
      code: 'PICKLE_TYPE_REFUSED',
      facts: { type: '__main__.PyThing' },
    });
  });

  it('has the logs that Python wrote', async () => {
    const { path } = await taskOf('start');
    expect(await store.readLog(path, 0, 'stdout')).toBe('starting\n');
    expect(await store.readLog(path, 0, 'stderr')).toBe('complaining\n');
  });
});

describe('pickles of Python', () => {
  it.each([2, 3, 4, 5])('of protocol %i are read as the values they are', async (protocol) => {
    const encoded = await ask(
      `
import json, sys, pickle, base64, datetime, collections
import numpy as np
shared = {'k': [1]}
utc = datetime.timezone.utc
value = {
  'none': None, 'flags': [True, False], 'ints': [0, 255, 256, 65536, -1, 2**31, -2**63, 2**53 - 1, 2**53, -2**200],
  'floats': [0.1, float('inf'), -0.0], 'text': ['', 'a' * 300, 'K\\u00f8 \\U0001f6a3', '\\ud800'], 'bytes': [b'', b'\\x00\\xff' * 200, bytearray(b'ab')],
  'tuples': [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)], 'long': list(range(3000)), 'big_dict': {str(i): i for i in range(2500)}, 'by_int': {i: str(i) for i in range(1500)},
  'sets': [set(), {1, 2}, frozenset([3])], 'ordered': collections.OrderedDict(b=1, a=2), 'shared': [shared, shared],
  'dates': [datetime.datetime(2024, 2, 29, 1, 2, 3, 456789), datetime.datetime(2024, 2, 29, tzinfo=utc), datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=30))), datetime.date(1999, 12, 31)],
  'scalars': [np.float32(0.5), np.int64(7), np.bool_(True), np.uint64(2**63)],
  'arrays': {t: np.array([1, 2, 3], dtype=t) for t in ['f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', '>f4', '>i2', '>u8']},
  'bools': np.array([True, False]), 'objects': np.array(['a', None], dtype=object), 'empty': np.array([], dtype='f4'), 'zero_d': np.array(5.0),
  'row_major': np.arange(6, dtype='i4').reshape(2, 3), 'column_major': np.asfortranarray(np.arange(6, dtype='i4').reshape(2, 3)), 'strided': np.arange(10, dtype='i4')[::2],
  'large': np.arange(50000, dtype='f8'),
}
print(json.dumps(base64.b64encode(pickle.dumps(value, int(sys.argv[1]))).decode()))`,
      [String(protocol)],
    );
    const value = decodePickle(Buffer.from(String(encoded), 'base64')) as Record<string, unknown>;
    const three = [1, 2, 3];
    const bigs = [1n, 2n, 3n];
    expect(value).toMatchObject({
      none: null,
      flags: [true, false],
      ints: [0, 255, 256, 65_536, -1, 2 ** 31, -(2n ** 63n), 2 ** 53 - 1, 2n ** 53n, -(2n ** 200n)],
      floats: [0.1, Infinity, -0],
      text: ['', 'a'.repeat(300), 'Kø 🚣', '\ud800'],
      bytes: [new Uint8Array(0), new Uint8Array(Buffer.from('00ff'.repeat(200), 'hex')), Uint8Array.of(97, 98)],
      tuples: [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]],
      long: Array.from({ length: 3000 }, (_, i) => i),
      big_dict: Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [String(i), i])),
      by_int: new Map(Array.from({ length: 1500 }, (_, i) => [i, String(i)])),
      sets: [new Set(), new Set([1, 2]), new Set([3])],
      ordered: { b: 1, a: 2 },
      shared: [{ k: [1] }, { k: [1] }],
      dates: [
        new Date('2024-02-29T01:02:03.456Z'),
        new Date('2024-02-29T00:00:00Z'),
        new Date('2024-02-29T04:30:00Z'),
        new Date('1999-12-31T00:00:00Z'),
      ],
      scalars: [0.5, 7, true, 2n ** 63n],
      arrays: {
        f4: Float32Array.from(three),
        f8: Float64Array.from(three),
        i1: Int8Array.from(three),
        i2: Int16Array.from(three),
        i4: Int32Array.from(three),
        i8: BigInt64Array.from(bigs),
        u1: Uint8Array.from(three),
        u2: Uint16Array.from(three),
        u4: Uint32Array.from(three),
        u8: BigUint64Array.from(bigs),
        '>f4': Float32Array.from(three),
        '>i2': Int16Array.from(three),
        '>u8': BigUint64Array.from(bigs),
      },
      bools: [true, false],
      objects: ['a', null],
      empty: new Float32Array(0),
      zero_d: new NdArray([], Float64Array.of(5)),
      row_major: new NdArray([2, 3], Int32Array.of(0, 1, 2, 3, 4, 5)),
      column_major: new NdArray([2, 3], Int32Array.of(0, 1, 2, 3, 4, 5)),
      strided: Int32Array.of(0, 2, 4, 6, 8),
      large: Float64Array.from({ length: 50_000 }, (_, i) => i),
    });
  });

  it('of our own are what Python stores under the same key', async () => {
    const values = [true, false, null, []];
    const ours = values.map((value) => Buffer.concat(encodePickle(value)).toString('hex'));
    const theirs = await ask(`
import json, pickle
print(json.dumps([pickle.dumps(v, 4).hex() for v in [True, False, None]]))`);
    expect(ours.slice(0, 3)).toEqual(theirs);
  });
});
