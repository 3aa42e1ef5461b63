/**
 * Bad rows of each kind, counted and set aside, as `planted-faults.test.ts` has it for few: `node bench/quality/planted-faults.ts
 * [bad rows of each kind = 1000000]`, among as many sound ones, in a DuckDB file. Fails where a count is not exact.
 */
import assert from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULT_NAMES, plantFaults } from '../../packages/smallboat/src/quality/run/planted-faults.ts';
import { openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';

const bad = Number(process.argv[2] ?? 1_000_000);
const kinds = FAULT_NAMES.length;
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => rm(folder, { recursive: true, force: true }));
await using warehouse = await openWarehouse(`duckdb:${join(folder, 'planted.duckdb')}`);
await warehouse.execute("set memory_limit = '6GB'");

const started = performance.now();
const { results, quarantined, byReason } = await plantFaults(warehouse, bad, bad);
const { user, system } = process.cpuUsage();
// Of the two questions of twins both rows of a pair are bad; the first is among the sound.
const counted = [...Array<number>(kinds).fill(bad), 2 * bad, 2 * bad];
assert.deepEqual(
  results.map((r) => r.result['unexpected_count']),
  counted,
);
assert.deepEqual(
  Object.values(byReason).toSorted((a, b) => a - b),
  counted,
);
assert.equal(quarantined, (kinds + 1) * bad);
console.log(
  `${bad} bad rows of each of ${counted.length} kinds in ${(kinds + 1) * bad} rows: exact, all set aside; ${((performance.now() - started) / 1000).toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} s of processor`,
);
