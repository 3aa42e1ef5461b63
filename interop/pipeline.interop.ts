import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aFolder, bareStart, rawRows, smallboat } from '../apps/intent/pipeline.testing.ts';
import type { Started } from '../apps/intent/pipeline.testing.ts';
import { begun, openRunStore, readRun } from '../packages/smallboat/src/flow/index.ts';
import type { RunView } from '../packages/smallboat/src/flow/index.ts';
import { generateDataset } from '../packages/smallboat/src/synthetic/index.ts';
import { localRegistry } from '../packages/smallboat/src/tracking/index.ts';
import { aShopToLearnFrom } from './learnable-shop.ts';
import { python } from './python.ts';

/** In the order in which they begin, as nearly as the graph says it. */
const STEPS = [
  'ingest',
  'grid',
  'transform',
  'validate',
  'dataset',
  'baselines',
  'train',
  'select',
  'deploy',
  'monitor',
] as const;
const SETTINGS = ['--epochs', '40', '--patience', '40', '--units', '16', '--rates', '0.02', '--rates', '0.0001'];

let data = '';
let undisturbed: Made;
const homes: string[] = [];
beforeAll(async () => {
  data = await aShopToLearnFrom(1500);
  const home = await aHome();
  const { code, err } = await begin(home).ended;
  expect(code, err).toBe(0);
  undisturbed = await madeIn(home);
  expect(undisturbed.versions).toEqual([{ version: 1, aliases: ['champion'] }]);
});
afterAll(async () => {
  for (const folder of [data, ...homes]) await rm(folder, { recursive: true, force: true });
});

async function aHome(): Promise<string> {
  const folder = await aFolder();
  homes.push(folder);
  return join(folder, 'home');
}

function begin(home: string): Started {
  return bareStart(['--data', data, '--home', home, ...SETTINGS]);
}

/** What a run leaves that must not depend on how often it was stopped: no times, no ids, no folders. */
interface Made {
  /** Content keys of artifacts, by step and name. */
  readonly keys: Readonly<Record<string, string>>;
  readonly weights: readonly unknown[];
  readonly metrics: unknown;
  readonly raw: unknown;
  readonly versions: readonly { readonly version: number; readonly aliases: readonly string[] }[];
}

async function madeIn(home: string): Promise<Made> {
  const store = await openRunStore({ folder: home });
  const view = await latest(home);
  expect(view.state).toBe('done');
  const artifact = async (step: string, name: string, task = 0): Promise<unknown> => {
    const key = view.steps.find((s) => s.name === step)?.tasks[task]?.artifacts[name];
    return key === undefined ? undefined : store.load(view.info.flow, key);
  };
  const wanted = ['dataset.examples', 'dataset.statistics', 'dataset.dataHash', 'baselines.fitted', 'baselines.scores'];
  const keys = view.steps.flatMap(({ name, tasks }) =>
    Object.entries(tasks[0]?.artifacts ?? {}).map(([artifact, key]) => [`${name}.${artifact}`, key] as const),
  );
  const trials = (await Promise.all([artifact('train', 'trial'), artifact('train', 'trial', 1)])) as readonly {
    readonly weights: unknown;
    readonly bestEpoch: number;
  }[]; // As the step `train` returns it.
  const { metrics } = (await artifact('select', 'chosen')) as { readonly metrics: unknown };
  const versions = await localRegistry({ folder: join(home, 'models') }).versions('intent');
  return {
    keys: Object.fromEntries(keys.filter(([name]) => wanted.includes(name))),
    weights: trials.map(({ weights, bestEpoch }) => [weights, bestEpoch]),
    metrics,
    raw: await rawRows(home),
    versions: versions.map(({ version, aliases }) => ({ version, aliases })),
  };
}

async function latest(home: string): Promise<RunView> {
  const store = await openRunStore({ folder: home });
  const [run] = await store.runs('intent');
  if (run === undefined) throw new Error(`no run in ${home}`);
  return readRun(store, run);
}

/** False where there was no time even to write down the parameters: such a run is begun anew, and says so if it is resumed. */
async function hasBegun(home: string): Promise<boolean> {
  const store = await openRunStore({ folder: home });
  const [run] = await store.runs('intent');
  if (run === undefined) return false;
  return (await readRun(store, { ...run, run: await begun(store, run) })).record !== undefined;
}

/** Names of the tasks that a run ended well, and the artifacts of each. */
function doneIn(view: RunView): ReadonlyMap<string, unknown> {
  const done = view.steps.flatMap(({ tasks }) => tasks.filter(({ state }) => state === 'done'));
  return new Map(done.map(({ name, artifacts }) => [name, artifacts]));
}

/** Resumes with `npm start -- --resume`, and checks that it did again nothing that was done. */
async function resumeAndCompare(home: string): Promise<string> {
  const before = doneIn(await latest(home));
  const { code, out, err } = await bareStart(['--resume', '--home', home]).ended;
  expect(code, err).toBe(0);
  const began = [...err.matchAll(/^start {2}(\w+)$/gm)].map(([, step]) => step);
  const after = doneIn(await latest(home));
  // The same artifacts, down to the times in them: taken over, not made again.
  for (const [name, artifacts] of before) {
    expect(after.get(name)).toEqual(artifacts);
    // Of `each`, one task may be done and another not.
    if (!name.includes('[')) expect(began).not.toContain(name);
  }
  expect(await madeIn(home)).toEqual(undisturbed);
  expect(await left(home, /start\.lock|\.wal$/)).toEqual([]);
  return out;
}

/** Waits until a folder has an entry of this name. */
async function appears(folder: string, name: string): Promise<void> {
  for (;;) {
    const names: readonly string[] = await readdir(folder).catch(() => []);
    if (names.includes(name)) return;
    await delay(1);
  }
}

async function left(home: string, what: RegExp): Promise<readonly string[]> {
  return (await readdir(home, { recursive: true })).filter((name) => what.test(name));
}

describe('npm start, killed with all its processes', () => {
  it.each(STEPS)('as %s begins, resumes to the same result', async (step) => {
    const home = await aHome();
    const run = begin(home);
    await run.said(`start  ${step}\n`);
    expect((await run.killAll()).code).toBeNull();
    const out = await resumeAndCompare(home);
    expect(out).toMatch(/^gate +Passed: /m);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^Card of the run: .*\.html$/);
  });

  it.each(STEPS)('as %s ends, resumes to the same result', async (step) => {
    const home = await aHome();
    const run = begin(home);
    await run.said(`done   ${step}`);
    await run.killAll();
    if ((await latest(home)).state === 'done') return; // The last step's end may be the run's.
    await resumeAndCompare(home);
  });

  it('again and again, at any moment, comes to the same result', async () => {
    const home = await aHome();
    const kills: string[] = [];
    let run = begin(home);
    // Each life is a little longer than the one before: every kind of work is cut somewhere.
    for (let life = 300; life < 2400; life += 110) {
      await Promise.race([delay(life), run.ended]);
      const { code, err } = await run.killAll();
      if (code === 0) break;
      kills.push(err.trimEnd().split('\n').at(-1) ?? '');
      run = (await hasBegun(home)) ? bareStart(['--resume', '--home', home]) : begin(home);
    }
    await run.killAll();
    expect(kills.length).toBeGreaterThan(2);
    if ((await latest(home)).state !== 'done') await resumeAndCompare(home);
    expect(await madeIn(home), kills.join('\n')).toEqual(undisturbed);
  });

  it('in the moment in which the model is registered, has it registered once', async () => {
    const home = await aHome();
    const run = begin(home);
    await Promise.race([appears(join(home, 'models/intent'), '1'), run.ended]);
    await run.killAll();
    await resumeAndCompare(home);
  });

  it.each([0.1, 0.3, 0.5, 0.7, 0.9])('after %f of the load, loads every file once', async (share) => {
    const large = await aFolder();
    homes.push(large);
    await generateDataset({ folder: large, rows: 300_000, seed: 1 });
    const home = await aHome();
    const args = ['--home', home, '--epochs', '1', '--rates', '0.003', '--units', '16'];
    const run = bareStart(['--data', large, ...args]);
    await run.said('start  ingest\n');
    await delay(share * 1200);
    await run.killAll();
    const { code, err } = await bareStart(['--resume', '--home', home]).ended;
    expect(code, err).toBe(0);
    expect(await rawRows(home)).toMatchObject({ browsing_train_raw: 300_000, _ingested_files: 3 });
  });

  it('is resumed by `smallboat resume` too, which finds the flow by itself', async () => {
    const home = await aHome();
    const run = begin(home);
    await run.said('start  select\n');
    await run.killAll();
    const { code, out, err } = await smallboat(['resume', '--home', home]).ended;
    expect(code, err).toBe(0);
    expect(out).toMatch(/^intent\/\d+\n$/);
    expect(err).toContain('taken over');
    expect(await madeIn(home)).toEqual(undisturbed);
  });
});

describe('npm start, asked to stop', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s, says how to go on, and does so', async (signal) => {
    const home = await aHome();
    const run = begin(home);
    await run.said('start  train\n');
    run.child.kill(signal);
    const { code, err } = await run.ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^RUN_INTERRUPTED: /m);
    expect(err).not.toMatch(/^\s+at /m);
    expect(await left(home, /\.(?:part|old|tmp)(?:$|\/)|start\.lock|\.wal$/)).toEqual([]);
    await resumeAndCompare(home);
  });
});

describe('the run in Metaflow’s own client', () => {
  it('is successful, and its artifacts are what they are here', async () => {
    const home = homes[0] === undefined ? '' : join(homes[0], 'home');
    const program = join(await aFolder(), 'program.py');
    homes.push(join(program, '..'));
    await writeFile(
      program,
      `
import json, hashlib
import numpy as np
from metaflow import Flow, namespace
namespace(None)
run = Flow('intent').latest_run
train = run['dataset'].task['examples'].data['train']
# Bytes of TypeScript are bytes of Python; wider numbers are arrays.
of = {k: train[k] for k in ('tokens', 'offsets', 'labels', 'decision')} | {k: train['context'][k] for k in ('rows', 'first')}
arrays = {k: a if isinstance(a, np.ndarray) else np.frombuffer(a, np.uint8) for k, a in of.items()}
sha = hashlib.sha256()
for a in arrays.values():
  sha.update(f'{a.size};'.encode()); sha.update(a.tobytes())
chosen = run['select'].task['chosen'].data
print(json.dumps({
  'successful': run.successful, 'finished': run.finished,
  'steps': sorted(s.id for s in run), 'trained': len(list(run['train'])),
  'dtypes': {k: str(a.dtype) for k, a in arrays.items()},
  'first': arrays['tokens'][:arrays['offsets'][1]].tolist(), 'labels': float(arrays['labels'].mean()),
  'dataHash': run['dataset'].task['dataHash'].data, 'sha': sha.hexdigest(),
  'passed': chosen['passed'], 'auc': [m['auc'] for m in chosen['metrics'] if m['decision'] == 'all'],
  'weights': sorted(list(t.data.trial['weights']['kernel'].shape) for t in run['train']),
  'rates': sorted(t.data.trial['hyper']['learningRate'] for t in run['train']),
  'rows': run['ingest'].task['snapshot'].data['rows'],
  'params': [run['_parameters'].task[p].data for p in ('epochs', 'units', 'rates', 'protocol')],
  'log': 'epoch 40' in run['train'].task.stdout,
}))`,
    );
    const printed = await python('metaflow', [program], {
      cwd: home,
      env: { METAFLOW_HOME: join(home, 'no-config'), METAFLOW_DATASTORE_SYSROOT_LOCAL: home, METAFLOW_USER: 'ada' },
    });
    const seen = JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '') as { readonly sha: string };
    expect(seen).toMatchObject({
      successful: true,
      finished: true,
      steps: [...STEPS, 'end', 'start'].toSorted(),
      trained: 4,
      dtypes: { tokens: 'uint8', offsets: 'uint32', labels: 'uint8', decision: 'uint8', rows: 'uint8' },
      dataHash: seen.sha,
      passed: true,
      auc: [
        (undisturbed.metrics as readonly { decision: unknown; auc: number }[]).find((m) => m.decision === 'all')?.auc,
      ],
      // Three gates of 16 units: 7 tokens, or with what is known of the events 31 inputs.
      weights: [[336], [336], [1488], [1488]],
      rates: [0.0001, 0.0001, 0.02, 0.02],
      params: [40, [16], [0.02, 0.0001], 'decision-points'],
      log: true,
    });
  });
});
