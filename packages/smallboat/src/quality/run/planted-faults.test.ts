import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Warehouse } from '../../warehouse/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { FAULT_NAMES, plantFaults } from './planted-faults.ts';

let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
});
afterAll(async () => warehouse[Symbol.asyncDispose]());

it.each([0, 1, 200, 201, 432])('counts %d bad rows of each kind exactly, and sets all of them aside', async (bad) => {
  const kinds = FAULT_NAMES.length;
  const { results, quarantined, byReason } = await plantFaults(warehouse, bad, 1000);
  const counts = results.map((r) => [r.expectation_config.type, r.result['unexpected_count']]);
  const twins = ['expect_column_values_to_be_unique', 'expect_compound_columns_to_be_unique'];
  expect(counts).toEqual(counts.map(([type]) => [type, twins.includes(String(type)) ? 2 * bad : bad]));
  expect(results.map((r) => r.success)).toEqual(results.map(() => bad === 0));
  // Each kind has rows of its own; of the twins one half is among the last kind's rows and the other among the first 1000 rows.
  expect(quarantined).toBe(bad === 0 ? 0 : kinds * bad + bad);
  expect(Object.values(byReason).sort((a, b) => a - b)).toEqual(
    bad === 0 ? [] : [...Array(kinds).fill(bad), 2 * bad, 2 * bad],
  );
});
