import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openWarehouse } from '../../warehouse/index.ts';
import { runPrepared } from '../command.ts';
import { commandFor } from './quality.ts';

let cwd = '';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using warehouse = await openWarehouse('duckdb:w.duckdb', { cwd });
  await warehouse.execute('create table orders as select i as id, i % 7 as amount from range(100) t(i)');
  await warehouse.execute("copy orders to '" + join(cwd, 'orders.parquet') + "'");
  const suite = {
    name: 'orders',
    expectations: [
      { type: 'expect_column_values_to_be_increasing', kwargs: { column: 'id' } },
      {
        type: 'expect_column_values_to_be_between',
        kwargs: { column: 'amount', max_value: { $PARAMETER: 'most' } },
        severity: 'warning',
      },
    ],
  };
  await writeFile(join(cwd, 'suite.json'), JSON.stringify(suite));
  await writeFile(
    join(cwd, 'nightly.yml'),
    `validations:
  - {suite: suite.json, relation: orders, parameters: {most: 5}}
  - {suite: nowhere.json, relation: orders}
actions: [{type: metrics}]`,
  );
});

async function smallboat(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    cwd,
    env: { WAREHOUSE_URL: 'duckdb:w.duckdb' },
    isTerminal: false,
    columns: 160,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    draw: () => {},
  };
  const code = await runPrepared(() => commandFor(argv), argv, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

it('checks a file, with parameters, and keeps the failing rows beside the pages', async () => {
  const { code, out, err } = await smallboat('check', 'suite.json', 'orders.parquet', '--parameter', 'most=4');
  expect([code, err]).toEqual([1, expect.stringContaining('VALIDATION_FAILED: 1 of 2')]);
  expect(out).toContain('28 failing rows are in');
  await using warehouse = await openWarehouse('duckdb::memory:');
  const path = join(cwd, '.smallboat/quarantine/orders.parquet');
  expect(await warehouse.query(`select count(*) as n, min(amount) as least from '${path}'`)).toEqual([
    { n: 28, least: 5 },
  ]);
});

it('passes over what is less severe than it is told to fail on', async () => {
  const argv = ['check', 'suite.json', 'orders', '--parameter', 'most=4', '--fail-on', 'critical', '--json'];
  const { code, out } = await smallboat(...argv);
  expect([code, (JSON.parse(out) as { success: boolean }).success]).toEqual([0, false]);
});

it('runs a checkpoint: what can be checked is, and the whole fails', async () => {
  const { code, out, err } = await smallboat('checkpoint', 'nightly.yml');
  expect(code).toBe(1);
  expect(out).toContain('1 of 2 expectations hold');
  expect(out).toContain('SUITE_NOT_FOUND');
  expect(out).toMatch(/✓ metrics: \d+ figures logged/);
  expect(err).toContain('VALIDATION_IMPOSSIBLE: orders_2 could not be checked');
});

it('proposes a suite that the data meets, and writes it', async () => {
  const { code, out } = await smallboat('suggest', 'orders', '--out', 'proposed.json');
  expect(code).toBe(0);
  expect(out).toContain('No value occurs twice in 100 rows.');
  expect(await readFile(join(cwd, 'proposed.json'), 'utf8')).toContain('expect_column_values_to_be_unique');
  expect((await smallboat('check', 'proposed.json', 'orders')).code).toBe(0);
});

it('writes the pages anew', async () => {
  const { code, out } = await smallboat('docs');
  expect(code).toBe(0);
  expect(await readFile(out, 'utf8')).toContain('data/orders.html');
});

it.each([
  [['chek'], 2, "There is no 'quality chek', perhaps 'quality check'"],
  [[], 2, 'It takes one of check, checkpoint, dbt, suggest, docs'],
  [['check', 'suite.json'], 2, '<relation>'],
  [['checkpoint', 'none.yml'], 1, 'CHECKPOINT_NOT_FOUND'],
  [['dbt', '.'], 1, 'DBT_MANIFEST_NOT_FOUND'],
  [['suggest', 'nothing'], 1, 'RELATION_NOT_FOUND'],
] as const)('says what is wrong with %j', async (argv, exit, message) => {
  const { code, err } = await smallboat(...argv);
  expect([code, err]).toEqual([exit, expect.stringContaining(message)]);
});

it('lists its verbs', async () => {
  const { code, out } = await smallboat('--help');
  expect([code, out]).toEqual([0, expect.stringContaining('propose a suite from data')]);
});
