import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { ValidationResult } from '../../quality/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { runCommand } from '../command.ts';
import { command } from './validate.ts';

let cwd = '';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using warehouse = await openWarehouse('duckdb:w.duckdb', { cwd });
  await warehouse.execute(`create table orders as select i as id, i - 2 as amount from range(5) t(i)`);
  const suite = (min_value: number) =>
    JSON.stringify({
      name: 's',
      expectations: [{ type: 'expect_column_values_to_be_between', kwargs: { column: 'amount', min_value } }],
    });
  await writeFile(join(cwd, 'loose.json'), suite(-2));
  await writeFile(join(cwd, 'strict.json'), suite(0));
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

it('lists the expectations and the page when all hold', async () => {
  const { code, out } = await smallboat('loose.json', 'orders');
  expect(code).toBe(0);
  expect(out.join('\n')).toContain('✓  amount is at least -2  all of 5');
  expect(await readFile(out.at(-1) ?? '', 'utf8')).toContain('<!doctype html>');
});

it('exits with 1 when one fails, and keeps the rows', async () => {
  const { code, out, err } = await smallboat('strict.json', 'orders');
  expect(code).toBe(1);
  expect(err[0]).toContain('VALIDATION_FAILED: 1 of 1 expectations failed.');
  expect(out).toContain('2 failing rows are in quality_quarantine."orders"');
});

it('prints a result in the shape of Great Expectations', async () => {
  const { out } = await smallboat('strict.json', 'orders', '--json');
  const result = JSON.parse(out.join('\n')) as ValidationResult;
  expect(result.results[0]?.result).toMatchObject({ element_count: 5, unexpected_count: 2, unexpected_percent: 40 });
});

it.each([
  [['nowhere.json', 'orders'], 1, 'SUITE_NOT_FOUND'],
  [['loose.json', 'nothing'], 1, 'RELATION_NOT_FOUND'],
  [['loose.json'], 2, 'USAGE: <relation>'],
  [['loose.json', 'orders', '--format', 'LONG'], 2, 'USAGE: --format'],
])('says what is wrong with %j', async (argv, exit, message) => {
  const { code, err } = await smallboat(...argv);
  expect([code, err[0]]).toEqual([exit, expect.stringContaining(message)]);
});
