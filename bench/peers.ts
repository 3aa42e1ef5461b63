import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { textTable } from 'smallboat/report';
import { pythonEnv } from '../interop/python.ts';
import type { Measured } from './measure.ts';
import { measure, mebibytes, seconds } from './measure.ts';
import { generate, measurePipeline } from './pipeline.ts';

const here = import.meta.dirname;
const project = join(here, '../apps/intent/dbt');

/** The grid, epochs and patience that both sides train with. */
const EPOCHS = 20;
const PATIENCE = 5;
const RATES = [0.001, 0.003];

/**
 * The same files through today's Python tools and through Smallboat, one after the other on this machine: load, dbt build,
 * expectations, examples, training of the same grid.
 */
export async function comparePeers(rows: number): Promise<readonly string[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'smallboat-peers-'));
  try {
    const data = join(scratch, 'data');
    await generate(data, rows);
    const flags = [
      '--epochs',
      String(EPOCHS),
      '--patience',
      String(PATIENCE),
      ...RATES.flatMap((r) => ['--rates', String(r)]),
    ];
    const ours = await measurePipeline(data, join(scratch, 'home'), flags);
    const theirs = await pythonWay(data, scratch);
    const total = theirs.reduce((sum, { run }) => sum + run.seconds, 0);
    const peak = Math.max(...theirs.map(({ run }) => run.peakBytes));
    const stage = (name: string): number => ours.stages.find((s) => s.name === name)?.seconds ?? 0;
    const table = textTable(
      ['stage', 'Python tools, s', 'Smallboat, s', 'ratio'],
      [
        ...theirs.map(({ name, tool, run }) => [
          `${name} (${tool})`,
          seconds(run.seconds),
          seconds(stage(name)),
          `${(run.seconds / stage(name)).toFixed(1)} ×`,
        ]),
        [
          'all, start to exit',
          seconds(total),
          seconds(ours.whole.seconds),
          `${(total / ours.whole.seconds).toFixed(1)} ×`,
        ],
      ],
    );
    const trained = theirs.at(-1)?.run.stdout.trim().split('\n') ?? [];
    return [
      ...table,
      `peak memory: Python ${mebibytes(peak)} MiB, Smallboat ${mebibytes(ours.whole.peakBytes)} MiB`,
      'Smallboat also trains the baselines, deploys, asks the endpoint and writes the monitoring page and the card.',
      ...trained.map((line) => `Keras: ${line}`),
    ];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface PythonStage {
  readonly name: string;
  readonly tool: string;
  readonly run: Measured;
}

async function pythonWay(data: string, scratch: string): Promise<readonly PythonStage[]> {
  const [gx, dbt, keras] = ['gx', 'dbt', 'keras'].map((name) => pythonEnv(name));
  const database = join(scratch, 'python.duckdb');
  const examples = join(scratch, 'examples.pickle');
  mkdirSync(join(scratch, 'dbt-target'));
  const grid = RATES.map((learningRate) => ({
    units: 48,
    learningRate,
    batchSize: 128,
    epochs: EPOCHS,
    patience: PATIENCE,
  }));
  const script = (name: string): string => join(here, 'peers', `${name}.py`);
  const env = {
    INTENT_WAREHOUSE: database,
    DBT_TARGET_PATH: join(scratch, 'dbt-target'),
    DBT_LOG_PATH: join(scratch, 'dbt-logs'),
  };
  const stages = [
    { name: 'ingest', tool: 'pandas', command: `${gx}/python`, args: [script('ingest'), data, database] },
    {
      name: 'transform',
      tool: 'dbt-core, dbt-duckdb',
      command: `${dbt}/dbt`,
      args: ['build', '--project-dir', project, '--profiles-dir', project],
    },
    { name: 'validate', tool: 'Great Expectations', command: `${gx}/python`, args: [script('validate'), database] },
    { name: 'dataset', tool: 'Python', command: `${gx}/python`, args: [script('dataset'), database, examples] },
    {
      name: 'train',
      tool: 'Keras, as the original project',
      command: `${keras}/python`,
      args: [script('train'), examples, JSON.stringify(grid)],
    },
  ];
  const done: PythonStage[] = [];
  for (const { name, tool, command, args } of stages) {
    const run = await measure(command, args, { env });
    if (run.exitCode !== 0) throw new Error(`${name} failed:\n${run.stdout}\n${run.stderr}`);
    done.push({ name, tool, run });
  }
  return done;
}

/** `node bench/peers.ts --rows 1000000` */
if (import.meta.main) {
  const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
  for (const line of await comparePeers(Number(values.rows))) console.log(line);
}
