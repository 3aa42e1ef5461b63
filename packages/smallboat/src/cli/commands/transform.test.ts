import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { runCommand } from '../command.ts';
import { command } from './transform.ts';

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
    'models: [{ name: days, columns: [{ name: day, data_tests: [not_null, { accepted_values: { values: [0, 1, 2], quote: false } }], test: [unique] }] }]',
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
  return { code: await runCommand(command, argv, io), out, err };
}

it('builds, says a line a node and warns of what looks wrong', async () => {
  const { code, out, err } = await smallboat('build', '--project', 'dbt');
  expect(code).toBe(0);
  expect(err[0]).toMatch(/^warning: .*schema\.yml:1: unknown key 'test'/);
  expect(err[1]).toMatch(/^1\/3 success model days \(\d\.\d\d s, 3 rows\)$/);
  expect(out[0]).toMatch(/^1 models built, 2 tests passed in .*results are in .*dbt-target$/);
});

it('exits with 1 and shows the rows when a test fails; variables are typed', async () => {
  const { code, err } = await smallboat('build', '-p', 'dbt', '--var', 'days=5');
  expect(code).toBe(1);
  expect(err.at(-1)).toMatch(/^TESTS_FAILED: 1 test failed\..*accepted_values_days_day.*2 failures/s);
});

it('prints results as JSON, and compiles without building', async () => {
  const { out } = await smallboat('test', '-p', 'dbt', '--json', '--select', 'not_null_days_day');
  expect(JSON.parse(out[0] ?? '')).toMatchObject({ results: [{ name: 'not_null_days_day', status: 'pass' }] });
  const compiled = await smallboat('compile', '-p', 'dbt', '--json', '-s', 'days', '--var', 'days=7');
  expect(JSON.parse(compiled.out[0] ?? '')).toMatchObject({
    'model.shop.days': 'select i as day from range(7) as t(i)',
  });
});

it.each([
  [['bild', '-p', 'dbt'], 2, 'USAGE: <what>'],
  [['build', '-p', 'dbt', '--var', 'days'], 2, 'USAGE: --var'],
  [['build'], 1, 'PROJECT_NOT_FOUND'],
])('refuses %j', async (argv, exit, message) => {
  const { code, err } = await smallboat(...argv);
  expect(code).toBe(exit);
  expect(err.at(-1)).toContain(message);
});
