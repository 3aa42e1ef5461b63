/** One stage in a process of its own, so that its peak memory is its own: `stage.ts generate|load <folder> <rows> <format>`. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDataset } from '../../packages/smallboat/src/synthetic/index.ts';
import { ingest, openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';
import { rawTables, RAW_SCHEMA } from '../../apps/intent/raw-tables.ts';

const [, , stage, folder = '', rows = '0', format = 'csv'] = process.argv;
const start = performance.now();
let note = '';
if (stage === 'generate') {
  await generateDataset({ folder, rows: Number(rows), seed: 1, format: format as 'csv' | 'csv.gz' | 'parquet' });
} else {
  const path = join(folder, 'warehouse.duckdb');
  await rm(path, { force: true });
  {
    await using warehouse = await openWarehouse(`duckdb:${path}`, { memoryLimitMiB: 2048 });
    await ingest(warehouse, { folder, tables: rawTables, schema: RAW_SCHEMA });
  }
  note = `warehouse ${((await stat(path)).size / 1e6).toFixed(0)} MB`;
}
const seconds = (performance.now() - start) / 1000;
const peakMiB = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ stage, rows: Number(rows), format, seconds, peakMiB, note }));
