import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type RunView, readRun } from '../packages/smallboat/src/flow/read-run.ts';
import { openRunStore } from '../packages/smallboat/src/flow/store/open-run-store.ts';
import { buildFlow } from '../packages/smallboat/src/flow/testing/harness/build.ts';
import { differences } from '../packages/smallboat/src/flow/testing/harness/compare.ts';
import { specOf } from '../packages/smallboat/src/flow/testing/harness/graphs.ts';
import { randomOf, randomSpec } from '../packages/smallboat/src/flow/testing/harness/random-spec.ts';
import { interpret } from '../packages/smallboat/src/flow/testing/harness/reference.ts';
import { type Spec, gangsOf, stepsOf, workersFor } from '../packages/smallboat/src/flow/testing/harness/spec.ts';
import { flowRunOf } from '../packages/smallboat/src/flow/flow-run.ts';

/**
 * Runs of the program that are killed at random moments, as by `kill -9` of all its processes, and resumed until they are done: artifacts are
 * those of a run that nobody killed, and what was done is not done twice. KILLS says how many; the seed of each is in its messages.
 */
const KILLS = Number(process.env['KILLS'] ?? 25);
const program = fileURLToPath(new URL('../packages/smallboat/bin/smallboat.js', import.meta.url));
const module = fileURLToPath(
  new URL('../packages/smallboat/src/flow/testing/harness/harness-flow.ts', import.meta.url),
);

const folders: string[] = [];
async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-crash-'));
  folders.push(folder);
  return folder;
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

interface Place {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly ranFile: string;
  readonly workers: number;
}

async function placeFor(spec: Spec): Promise<Place> {
  const home = await aFolder();
  const ranFile = join(home, 'ran');
  await writeFile(ranFile, '');
  await writeFile(join(home, 'spec.json'), JSON.stringify({ ...spec, ranFile }));
  const workers = workersFor(spec, 2);
  return { home, ranFile, workers, env: { ...process.env, SMALLBOAT_HARNESS_SPEC: join(home, 'spec.json') } };
}

/** Starts the program, and kills it and all that it started after a time. @returns how it ended. */
async function call(
  { home, env, workers }: Place,
  args: readonly string[],
  how: { readonly afterMs?: number; readonly signal?: NodeJS.Signals } = {},
): Promise<{ readonly code: number | null; readonly err: string; readonly ms: number }> {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [program, ...args, '--home', home, '--max-workers', String(workers), '--quiet'],
    {
      env,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const { pid = 0 } = child;
  const timer =
    how.afterMs === undefined
      ? undefined
      : setTimeout(() => {
          try {
            process.kill(-pid, how.signal ?? 'SIGKILL');
          } catch {
            // It has ended by itself.
          }
        }, how.afterMs);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, err, ms: performance.now() - began };
}

/** Runs a spec to its end through kills at random moments. @returns what is wrong. */
async function survive(spec: Spec, seed: number, signal: NodeJS.Signals): Promise<string[]> {
  const random = randomOf(seed);
  const place = await placeFor(spec);
  const run = ['run', module, '--seed', String(seed)];
  const wrong: string[] = [];
  const done = new Set<string>();
  for (let tries = 0; ; tries += 1) {
    await using store = await openRunStore({ folder: place.home });
    // The first attempts are killed at a moment that may lie before the run's beginning or after its end.
    const isKilled = tries < 2;
    await writeFile(place.ranFile, '');
    const hasRun = (await store.runs(spec.name)).length > 0;
    const args = hasRun ? ['resume', module] : run;
    const ended = await call(place, args, isKilled ? { afterMs: random() * 900, signal } : {});
    const ran = (await readFile(place.ranFile, 'utf8')).split('\n').map((line) => line.split(' ')[0] ?? '');
    for (const task of ran) if (done.has(task)) wrong.push(`${task} ran again though it was done`);
    const [latest] = await store.runs(spec.name);
    if (!latest) continue;
    const view = await readRun(store, { flow: spec.name, run: latest.run });
    if (view.state === 'done') {
      const result = await flowRunOf({ flow: buildFlow(spec), store, ownsStore: false }, latest.run).result();
      return [...wrong, ...(await differences(spec, seed, { store, flow: spec.name, run: latest.run, result }))];
    }
    if (!isKilled) {
      // Killed before it had begun anything: there is nothing to resume, and the run is started anew.
      if (/RUN_NOT_RESUMABLE|NOTHING_TO_RESUME/.test(ended.err) && tries < 6) {
        await rm(join(place.home, '.metaflow'), { recursive: true, force: true });
        continue;
      }
      return [...wrong, `did not end: ${ended.err}`];
    }
    for (const name of doneIn(view, spec)) done.add(name);
  }
}

/** The tasks that are not to run again. A gang is done where all of it is, in one attempt; else all of it runs again. */
function doneIn({ steps }: RunView, { block }: Spec): readonly string[] {
  const gangs = gangsOf(block);
  return steps.flatMap(({ name: step, tasks }) => {
    const ended = tasks.filter(({ state }) => state === 'done');
    const count = gangs.get(step);
    if (count === undefined) return ended.map(({ name }) => name);
    const places = Map.groupBy(ended, ({ name }) => name.slice(0, name.lastIndexOf('[')));
    return [...places.values()].flatMap((gang) => (gang.length === count ? gang.map(({ name }) => name) : []));
  });
}

/** Flows of some size that end well. */
function* specs(): Generator<Spec> {
  for (let seed = 1; ; seed += 1) {
    const spec = randomSpec(seed, { most: 5 });
    const { failure, tasks } = interpret(spec, seed);
    if (failure === undefined && tasks.size >= 8 && tasks.size <= 40 && stepsOf(spec.block).length > 4) {
      yield { ...spec, name: `Crash${seed}` };
    }
  }
}

describe(`killed at random moments, ${KILLS} flows`, () => {
  const drawn = specs();
  for (let i = 0; i < KILLS; i += 1) {
    const spec = drawn.next().value as Spec; // It never ends.
    const signal = i % 8 === 7 ? 'SIGTERM' : 'SIGKILL';
    it(`${spec.name} by ${signal}`, async () => {
      expect(await survive(spec, Number(spec.name.slice(5)), signal)).toEqual([]);
    });
  }
});

describe('at once in one store', () => {
  it('eight runs of one flow each come to what one alone does', async () => {
    const spec = { ...specOf('nested_foreach'), name: 'AtOnce' };
    const place = await placeFor(spec);
    const ended = await Promise.all(Array.from({ length: 8 }, () => call(place, ['run', module, '--seed', '5'])));
    expect(ended.map(({ code, err }) => ({ code, err: code === 0 ? '' : err }))).toEqual(
      Array.from({ length: 8 }, () => ({ code: 0, err: '' })),
    );
    await using store = await openRunStore({ folder: place.home });
    const runs = await store.runs('AtOnce');
    expect(new Set(runs.map(({ run }) => run)).size).toBe(8);
    for (const { run } of runs) {
      const result = await flowRunOf({ flow: buildFlow(spec), store, ownsStore: false }, run).result();
      expect(await differences(spec, 5, { store, flow: 'AtOnce', run, result })).toEqual([]);
    }
  });
});

describe('of great size', () => {
  it('a thousand steps in a line', async () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `s${i}`);
    const spec: Spec = {
      name: 'Deep',
      block: {
        body: ids.map((id, i) => ({
          do: 'step',
          id,
          reads: [i === 0 ? { param: 'seed' } : { from: `s${i - 1}`, key: 'v' }],
        })),
        gives: 's999',
      },
    };
    const place = await placeFor(spec);
    const { code, err } = await call(place, ['run', module, '--seed', '5']);
    expect(code, err).toBe(0);
    await using store = await openRunStore({ folder: place.home });
    const run = (await store.runs('Deep'))[0]?.run ?? '';
    const result = await flowRunOf({ flow: buildFlow(spec), store, ownsStore: false }, run).result();
    expect(result).toEqual(interpret(spec, 5).result);
  });

  it('ten thousand tasks of one step', async () => {
    const values = Array.from({ length: 10_000 }, (_, i) => i);
    const spec: Spec = {
      name: 'Wide',
      block: {
        body: [
          {
            do: 'each',
            id: 'e',
            over: { value: values },
            block: { body: [{ do: 'step', id: 'b', reads: [{ item: 'e' }] }], gives: 'b' },
          },
          { do: 'step', id: 'j', reads: [{ list: 'e' }] },
        ],
        gives: 'j',
      },
    };
    const place = await placeFor(spec);
    const { code, err } = await call(place, ['run', module, '--seed', '5']);
    expect(code, err).toBe(0);
    await using store = await openRunStore({ folder: place.home });
    const run = (await store.runs('Wide'))[0]?.run ?? '';
    const result = await flowRunOf({ flow: buildFlow(spec), store, ownsStore: false }, run).result();
    expect(result).toEqual(interpret(spec, 5).result);
  });
});
