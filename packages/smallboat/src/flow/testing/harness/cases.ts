import { readFile, rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRun } from '../../read-run.ts';
import { differences } from './compare.ts';
import { GRAPHS, specOf } from './graphs.ts';
import { interpret } from './reference.ts';
import { type Behaviour, type Spec, gangsOf, stepsOf } from './spec.ts';
import type { Bench, Way } from './ways.ts';

/** One thing that a way of running must do right: a graph, and what happens in it. */
export interface Case {
  readonly name: string;
  readonly needsProcesses: boolean;
  /** Runs it. @returns what is wrong, in words. */
  check(way: Way, seed: number): Promise<string[]>;
}

/** Every graph with every behaviour, on up to three of its steps: the first, one in the middle, the last. */
export function casesOf(graph: string): readonly Case[] {
  const spec = specOf(graph);
  const steps = stepsOf(spec.block);
  const picked = [...new Set([steps[0], steps[Math.floor(steps.length / 2)], steps.at(-1)])].filter(
    (s) => s !== undefined,
  );
  const behaving: Readonly<Record<string, Behaviour>> = {
    'throws once and is tried again': { throws: 1, retry: 1 },
    'throws for good and is caught': { throws: -1, retry: 1, catches: true },
    'throws for good': { throws: -1 },
    'runs out of time and is tried again': { hangs: 1, retry: 1 },
    'goes on from a checkpoint': { checkpoints: true, retry: 1 },
    'dies and is tried again': { dies: 1, retry: 1 },
  };
  // A task of a gang may be ended before it has saved its checkpoint: another has thrown.
  const together = gangsOf(spec.block);
  const fits = ({ checkpoints }: Behaviour, step: string): boolean => !checkpoints || !together.has(step);
  return [
    { name: 'runs', needsProcesses: false, check: (way, seed) => plain(way, spec, seed) },
    { name: 'is taken from the cache', needsProcesses: false, check: (way, seed) => cached(way, spec, seed) },
    ...picked.flatMap((step): Case[] => [
      ...Object.entries(behaving)
        .filter(([, behaviour]) => fits(behaviour, step))
        .map(([name, behaviour]): Case => ({
          name: `${step} ${name}`,
          needsProcesses: behaviour.dies !== undefined,
          check: (way, seed) => plain(way, { ...spec, behaviours: { [step]: behaviour } }, seed),
        })),
      {
        name: `${step} breaks, and the run is resumed`,
        needsProcesses: false,
        check: (way, seed) => broken(way, spec, { seed, step }),
      },
      {
        name: `is run again from ${step}`,
        needsProcesses: false,
        check: (way, seed) => again(way, spec, { seed, step }),
      },
    ]),
  ];
}

export const graphNames = Object.keys(GRAPHS);

async function plain(way: Way, spec: Spec, seed: number): Promise<string[]> {
  await using bench = await way.open(spec, seed);
  return differences(spec, seed, await bench.run());
}

/** A step breaks for good; once it is mended the run goes on, and nothing that was done is done again. */
async function broken(
  way: Way,
  spec: Spec,
  { seed, step }: { readonly seed: number; readonly step: string },
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-harness-'));
  const [brokenBy, ranFile] = [join(folder, 'broken'), join(folder, 'ran')];
  await writeFile(brokenBy, '');
  await writeFile(ranFile, '');
  const breaking = { ...spec, ranFile, behaviours: { [step]: { brokenBy } } };
  await using bench = await way.open(breaking, seed);
  try {
    const first = await bench.run();
    const isReached = [...interpret(spec, seed).tasks.keys()].some(
      (task) => task === step || task.startsWith(`${step}[`),
    );
    if (!isReached) return await differences(spec, seed, first);
    if (first.failed !== 'STEP_FAILED') return [`ended with ${first.failed ?? 'success'} though ${step} is broken`];
    const done = await doneTasks(bench, spec, first.run);
    await rm(brokenBy);
    await writeFile(ranFile, '');
    const wrong = await differences(spec, seed, await bench.resume());
    const repeated = (await ranTasks(ranFile)).filter((task) => done.has(task));
    return [...wrong, ...repeated.map((task) => `${task} ran again though it was done`)];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A run that ended well is resumed from a step: what comes before is not run. */
async function again(
  way: Way,
  spec: Spec,
  { seed, step }: { readonly seed: number; readonly step: string },
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-harness-'));
  const ranFile = join(folder, 'ran');
  await writeFile(ranFile, '');
  await using bench = await way.open({ ...spec, ranFile }, seed);
  try {
    const first = await bench.run();
    if (first.failed !== undefined) return await differences(spec, seed, first);
    await writeFile(ranFile, '');
    const wrong = await differences(spec, seed, await bench.resume({ from: step }));
    const ran = new Set((await ranTasks(ranFile)).map((task) => task.replace(/\[.*$/, '')));
    const isReached = [...interpret(spec, seed).tasks.keys()].some(
      (task) => task === step || task.startsWith(`${step}[`),
    );
    return isReached && !ran.has(step) ? [...wrong, `${step} did not run again`] : wrong;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The same twice with a cache: the second time nothing runs. */
async function cached(way: Way, spec: Spec, seed: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-harness-'));
  const ranFile = join(folder, 'ran');
  await writeFile(ranFile, '');
  await using bench = await way.open({ ...spec, ranFile }, seed);
  try {
    const wrong = await differences(spec, seed, await bench.run({ cache: true }));
    await writeFile(ranFile, '');
    const second = await differences(spec, seed, await bench.run({ cache: true }));
    // A gang is run again: its tasks may have talked to each other.
    const together = gangsOf(spec.block);
    const ran = (await ranTasks(ranFile)).filter((task) => !together.has(task.replace(/\[.*$/, '')));
    return [...wrong, ...second, ...ran.map((task) => `${task} ran although it had run before`)];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function doneTasks({ store }: Bench, { name }: Spec, run: string): Promise<ReadonlySet<string>> {
  const view = await readRun(store, { flow: name, run });
  const tasks = view.steps.flatMap((step) => step.tasks);
  return new Set(tasks.filter((task) => task.state === 'done').map((task) => task.name));
}

async function ranTasks(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return [...new Set(lines.map((line) => line.split(' ')[0] ?? ''))];
}
