import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { main } from '../main.ts';

let cwd = '';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await mkdir(join(cwd, 'dbt/models'), { recursive: true });
  await writeFile(join(cwd, 'dbt/dbt_project.yml'), 'name: shop\n');
  await writeFile(
    join(cwd, 'dbt/models/days.sql'),
    "{{ config(materialized='table') }}select i as day from range({{ var('days', 3) }}) as t(i)",
  );
  await writeFile(
    join(cwd, 'dbt/models/schema.yml'),
    'models: [{ name: days, columns: [{ name: day, data_tests: [not_null, { accepted_values: { values: [0, 1, 2], quote: false } }] }] }]',
  );
});

async function smallboat(...argv: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    cwd,
    env: { WAREHOUSE_URL: 'duckdb:w.duckdb' },
    isTerminal: false,
    columns: 100,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    draw: () => {},
  };
  return { code: await main(argv, io), out, err };
}

it('builds into the warehouse of the settings, and says a line a node', async () => {
  const { code, out, err } = await smallboat('transform', 'build', '--project', 'dbt');
  expect(err[0]).toMatch(/^1\/3 success table model main\.days \(\d\.\d\d s, 3 rows\)$/);
  expect(out[0]).toMatch(/^1 models built, 2 tests passed in .*results are in .*dbt-target$/);
  expect(code).toBe(0);
});

it('exits with 1 and shows the rows when a test fails; variables are typed', async () => {
  const { code, err } = await smallboat('transform', 'build', '-p', 'dbt', '--var', 'days=5');
  expect(code).toBe(1);
  expect(err.at(-1)).toMatch(/^TESTS_FAILED: 1 test failed\..*accepted_values_days_day.*2 failures|Got 2 results/s);
});

it('prints results as JSON, and compiles without building', async () => {
  const { out } = await smallboat('transform', 'test', '-p', 'dbt', '--json', '--select', 'not_null_days_day');
  expect(JSON.parse(out[0] ?? '')).toMatchObject({ results: [{ name: 'not_null_days_day', status: 'pass' }] });
  const compiled = await smallboat('transform', 'compile', '-p', 'dbt', '--json', '-s', 'days', '--var', 'days=7');
  expect(JSON.parse(compiled.out[0] ?? '')).toMatchObject({
    'model.shop.days': 'select i as day from range(7) as t(i)',
  });
});

it.each([
  [['transform', 'bild', '-p', 'dbt'], "USAGE: <what>: there is no verb 'bild', perhaps 'build'"],
  [['transform', 'build', '-p', 'dbt', '--var', 'days'], 'USAGE: --var'],
  [['dbt', 'build', '--vars', '[1]'], 'USAGE: --vars'],
  [['dbt', 'build'], 'PROJECT_NOT_FOUND'],
])('refuses %j', async (argv, message) => {
  const { code, err } = await smallboat(...argv);
  expect(err.at(-1)).toContain(message);
  expect(code).toBe(2);
});
