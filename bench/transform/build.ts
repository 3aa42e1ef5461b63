/**
 * The intent application's dbt project, built and tested: `smallboat transform build` and dbt-core with dbt-duckdb, in turn,
 * each on its own copy of one warehouse of generated events.
 * `node bench/transform/build.ts [rows = 1000000] [times = 3]`. Prints whole processes: seconds and peak memory.
 */
import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rawTables } from '../../apps/intent/raw-tables.ts';
import { pythonEnv } from '../../interop/python.ts';
import { generateDataset } from '../../packages/smallboat/src/synthetic/index.ts';
import { ingest, openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';
import { measure } from '../measure.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const times = Number(process.argv[3] ?? 3);
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const raw = join(folder, 'raw.duckdb');
const project = join(folder, 'dbt');
cpSync(join(root, 'apps/intent/dbt'), project, { recursive: true });

await generateDataset({ folder: join(folder, 'data'), rows, seed: 1, format: 'parquet' });
{
  await using warehouse = await openWarehouse(`duckdb:${raw}`);
  await ingest(warehouse, { folder: join(folder, 'data'), tables: rawTables, schema: 'sigir_2021_demo' });
}

const sides = [
  {
    name: 'smallboat',
    command: process.execPath,
    args: (database: string, target: string) => [
      join(root, 'packages/smallboat/bin/smallboat.js'),
      'transform',
      'build',
      '--project',
      project,
      '--warehouse',
      `duckdb:${database}`,
      '--target-folder',
      target,
    ],
  },
  {
    name: 'dbt-core',
    command: join(pythonEnv('dbt'), 'dbt'),
    args: (_database: string, target: string) => [
      'build',
      '--project-dir',
      project,
      '--profiles-dir',
      project,
      '--target-path',
      target,
      '--log-path',
      target,
    ],
  },
];

console.log(`${rows} events, 7 models and 38 tests, ${times} times each in turn`);
for (let time = 0; time < times; time++) {
  for (const { name, command, args } of sides) {
    const place = join(folder, `${name}-${time}`);
    mkdirSync(place);
    const database = join(place, 'warehouse.duckdb');
    copyFileSync(raw, database);
    const env = { INTENT_WAREHOUSE: database, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DO_NOT_TRACK: '1' };
    const run = await measure(command, args(database, join(place, 'target')), { env, every: 20 });
    if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr);
    const { results } = JSON.parse(readFileSync(join(place, 'target/run_results.json'), 'utf8')) as {
      results: { status: string }[]; // both write dbt's run_results.json
    };
    const passed = results.filter(({ status }) => status === 'success' || status === 'pass').length;
    console.log(
      `${name.padEnd(10)} ${run.seconds.toFixed(2)} s, ${Math.round(run.peakBytes / 2 ** 20)} MiB, ${passed} of ${results.length} nodes passed`,
    );
    await rm(place, { recursive: true, force: true });
  }
}
await rm(folder, { recursive: true, force: true });
