/**
 * A small project built and tested from nothing: our command, as npm gets it, and dbt-core with dbt-duckdb, in turn. What is measured is
 * the start: reading 28 nodes, opening DuckDB, some hundred statements over a hundred rows.
 * `node bench/transform/start.ts [times = 5] [project folder]`. Prints whole processes, wall time and processor time, and their medians.
 */
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from '../../interop/python.ts';
import { buildPackage } from '../../scripts/build-package.ts';
import { measure } from '../measure.ts';
import { writeSmallProject } from './small-project.ts';

const times = Number(process.argv[2] ?? 5);
const given = process.argv[3];
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const built = await buildPackage(join(folder, 'package'));
symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'));
const project = join(folder, 'project');
mkdirSync(project);
if (given === undefined) writeSmallProject(project);
else cpSync(given, project, { recursive: true });

const sides = {
  smallboat: { command: process.execPath, args: [join(built, 'smallboat.js'), 'dbt', 'build'] },
  'dbt-core': { command: join(pythonEnv('dbt'), 'dbt'), args: ['build'] },
};
const found: Record<string, { seconds: number; cpu: number }[]> = {};
// The first of each fills caches of compiled code, which a second run of any user has.
for (let time = -1; time < times; time++) {
  for (const [name, { command, args }] of Object.entries(sides)) {
    const place = join(folder, `${name}-${time}`);
    cpSync(project, place, { recursive: true });
    const env = { DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DO_NOT_TRACK: '1' };
    const run = await measure(command, args, { cwd: place, env, every: 1000 });
    if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr);
    rmSync(place, { recursive: true });
    if (time < 0) continue;
    (found[name] ??= []).push({ seconds: run.seconds, cpu: run.cpuSeconds });
    console.log(`${name.padEnd(10)} ${run.seconds.toFixed(2)} s, ${run.cpuSeconds.toFixed(2)} s of processor`);
  }
}
const median = (name: string, what: 'seconds' | 'cpu'): number =>
  (found[name] ?? []).map((one) => one[what]).toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
for (const what of ['seconds', 'cpu'] as const) {
  const [ours, theirs] = [median('smallboat', what), median('dbt-core', what)];
  console.log(`${what}: ${ours.toFixed(2)} against ${theirs.toFixed(2)}, ${(theirs / ours).toFixed(1)} times sooner`);
}
rmSync(folder, { recursive: true });
