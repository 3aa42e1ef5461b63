/**
 * Flows as whole processes, here and in Metaflow, in one run on one machine: hello world, steps in a line, tasks side by side, a large array,
 * resume, a list of runs; seconds, memory of the whole process tree, ratios. Ours is the package as npm gets it, built for the purpose.
 * Usage: `node bench/flow/metaflow.ts [times] [words of a title]`.
 */
import { mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnv } from '../../interop/python.ts';
import { buildPackage } from '../../scripts/build-package.ts';
import { type Measured, measure, mebibytes } from '../measure.ts';
import { PAIRS, type Pair, RESUME } from './programs.ts';

const times = Number(process.argv[2] ?? 5);
const only = process.argv[3] ?? '';
const root = join(import.meta.dirname, '../..');
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const python = join(pythonEnv('metaflow'), 'python');
const imports = `import { each, flow, step } from 'smallboat/flow';\n`;
const env = { METAFLOW_USER: 'bench', USERNAME: 'bench' };

/** A user's folder: the package installed, and nothing else. */
async function aProject(): Promise<string> {
  mkdirSync(join(folder, 'node_modules'));
  const built = await buildPackage(join(folder, 'package'));
  symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'));
  symlinkSync(built, join(folder, 'node_modules/smallboat'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return join(built, 'smallboat.js');
}

interface Figure {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** Medians of whole processes. Where there is more than one, the first is not counted: it fills caches. */
async function median(
  [file = '', ...args]: readonly string[],
  count: number,
  prepare?: () => Promise<void>,
): Promise<Figure> {
  const all: Measured[] = [];
  for (let i = count === 1 ? 1 : 0; i <= count; i += 1) {
    await prepare?.();
    const ran = await measure(file, args, { cwd: folder, env, every: 20 });
    if (ran.exitCode !== 0) throw new Error(`${args.join(' ')}: ${ran.stderr.slice(-2000)}`);
    if (i > 0) all.push(ran);
  }
  const middle = Math.floor(all.length / 2);
  const of = (pick: (m: Measured) => number): number => all.map(pick).sort((a, b) => a - b)[middle] ?? Number.NaN;
  return { seconds: of((m) => m.seconds), peakBytes: of((m) => m.peakBytes) };
}

function tell(title: string, ours: Figure, theirs: Figure, goal?: number): void {
  const ratio = (theirs.seconds / ours.seconds).toFixed(1);
  const memory = `${mebibytes(ours.peakBytes)} against ${mebibytes(theirs.peakBytes)} MiB`;
  const wanted = goal === undefined ? '' : ` (goal ${goal})`;
  console.log(
    `${title.padEnd(56)} ${ours.seconds.toFixed(3)} s, Metaflow ${theirs.seconds.toFixed(2)} s: ${ratio} times${wanted}; ${memory}`,
  );
}

async function pair({ title, ours, theirs, workers, goal }: Pair, program: string, count: number): Promise<void> {
  await writeFile(join(folder, 'flow.ts'), imports + ours);
  await writeFile(join(folder, 'flow.py'), theirs);
  const here = await median([process.execPath, program, 'run', 'flow.ts', '--max-workers', String(workers)], count);
  const flags = ['--quiet', 'run', '--max-workers', String(workers), '--max-num-splits', '1000'];
  const there = await median([python, 'flow.py', ...flags], count);
  tell(title, here, there, goal);
}

async function resume(program: string): Promise<void> {
  await writeFile(join(folder, 'resume.ts'), imports + RESUME.ours);
  await writeFile(join(folder, 'resume.py'), RESUME.theirs);
  const broken = join(folder, 'broken');
  const fail = (command: string, args: readonly string[]) => async (): Promise<void> => {
    await writeFile(broken, '');
    await measure(command, args, { cwd: folder, env });
    await rm(broken);
  };
  const here = await median(
    [process.execPath, program, 'resume', 'resume.ts'],
    times,
    fail(process.execPath, [program, 'run', 'resume.ts']),
  );
  const there = await median(
    [python, 'resume.py', '--quiet', 'resume'],
    times,
    fail(python, ['resume.py', '--quiet', 'run']),
  );
  tell('resume at the last of 6 steps', here, there);
}

async function listing(program: string): Promise<void> {
  const code = `from metaflow import Flow, namespace\nnamespace(None)\nprint(len([(r.id, r.finished) for r in Flow('Hello')]))`;
  const here = await median([process.execPath, program, 'runs', '--json'], times);
  const there = await median([python, '-c', code], times);
  tell('list of the runs that were made', here, there);
}

try {
  const program = await aProject();
  console.log(
    `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores, Node ${process.version}; medians of ${times}\n`,
  );
  const help = await median([process.execPath, program, '--help'], times);
  console.log(`--help ${' '.repeat(49)} ${help.seconds.toFixed(3)} s`);
  for (const one of PAIRS) {
    if (!one.title.includes(only)) continue;
    await pair(one, program, /tasks|array/.test(one.title) ? Math.min(times, 3) : times);
  }
  if ('resume'.includes(only)) await resume(program);
  if ('list'.includes(only)) await listing(program);
} finally {
  await rm(folder, { recursive: true, force: true });
}
