/**
 * Loading the raw events by `ingest` beside the same statement in DuckDB alone: each in a process of its own, by turns.
 *
 *     node bench/warehouse/load.ts --rows 5000000 --times 3
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { rawTables, RAW_SCHEMA } from '../../apps/intent/raw-tables.ts';
import { generateDataset } from '../../packages/smallboat/src/synthetic/index.ts';
import { ingest, openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';

const MEMORY_MIB = 2048;
const run = promisify(execFile);
const browsing = rawTables.filter(({ table }) => table === 'browsing_train_raw');

/** What a hand that knows DuckDB would write: the types said, the order of rows free, the JSON made in the same pass. */
async function alone(folder: string, path: string): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(`SET memory_limit = '${MEMORY_MIB}MiB'`);
  await connection.run('SET preserve_insertion_order = false');
  await connection.run(
    `CREATE TABLE browsing_train_raw (session_id_hash VARCHAR, server_timestamp_epoch_ms TIMESTAMP, organization_id VARCHAR, raw_browsing_event JSON)`,
  );
  await connection.run(`INSERT INTO browsing_train_raw SELECT session_id_hash, make_timestamp_ms(server_timestamp_epoch_ms), 'shop',
      json_object('event_type', event_type, 'product_action', coalesce(product_action, ''), 'product_sku_hash', coalesce(product_sku_hash, ''), 'hashed_url', coalesce(hashed_url, ''))
    FROM read_csv('${folder}/browsing_train.csv', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = {session_id_hash: 'VARCHAR', event_type: 'VARCHAR',
      product_action: 'VARCHAR', product_sku_hash: 'VARCHAR', server_timestamp_epoch_ms: 'BIGINT', hashed_url: 'VARCHAR'})`);
  connection.closeSync();
  instance.closeSync();
}

async function ours(folder: string, path: string): Promise<void> {
  await using warehouse = await openWarehouse(`duckdb:${path}`, { memoryLimitMiB: MEMORY_MIB });
  await ingest(warehouse, { folder, tables: browsing, schema: RAW_SCHEMA });
}

interface Figures {
  readonly seconds: number;
  /** Seconds of all cores together: what a busy machine does not spoil. */
  readonly cpu: number;
  readonly peakMiB: number;
}

async function measured(who: string, folder: string): Promise<Figures> {
  const { stdout } = await run(process.execPath, [import.meta.filename, '--stage', who, '--folder', folder]);
  return JSON.parse(stdout) as Figures; // the last line of our own script
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '5000000' },
      times: { type: 'string', default: '3' },
      stage: { type: 'string' },
      folder: { type: 'string', default: '' },
    },
  });
  const { stage, folder } = values;
  if (stage !== undefined) {
    const path = join(folder, `${stage}.duckdb`);
    await rm(path, { force: true });
    const start = performance.now();
    await (stage === 'ours' ? ours(folder, path) : alone(folder, path));
    const seconds = (performance.now() - start) / 1000;
    await rm(path, { force: true });
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    console.log(JSON.stringify({ seconds, cpu: (userCPUTime + systemCPUTime) / 1e6, peakMiB: maxRSS / 1024 }));
    return;
  }
  const scratch = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
  try {
    await generateDataset({ folder: scratch, rows: Number(values.rows), seed: 1, format: 'csv' });
    const times: Record<string, Figures[]> = { alone: [], ours: [] };
    for (let i = 0; i < Number(values.times); i++) {
      for (const who of i % 2 === 0 ? ['alone', 'ours'] : ['ours', 'alone'])
        times[who]?.push(await measured(who, scratch));
    }
    console.log(
      `${Number(values.rows).toLocaleString('en')} rows of CSV into raw JSON rows, ${values.times} times by turns, medians; node ${process.version}, ${availableParallelism()} cores, memory_limit ${MEMORY_MIB} MiB`,
    );
    const of = (who: string, what: keyof Figures): number => median((times[who] ?? []).map((one) => one[what]));
    for (const who of Object.keys(times)) {
      const speed = Math.round(Number(values.rows) / of(who, 'seconds')).toLocaleString('en');
      const all = (times[who] ?? []).map(({ seconds }) => seconds.toFixed(1)).join(', ');
      console.log(
        `${who.padEnd(6)} ${of(who, 'seconds').toFixed(2)} s, ${of(who, 'cpu').toFixed(2)} s of CPU, ${speed} rows/s, ${Math.round(of(who, 'peakMiB'))} MiB  (${all})`,
      );
    }
    const ratio = (what: keyof Figures): string => (of('ours', what) / of('alone', what)).toFixed(3);
    console.log(`ours / alone: ${ratio('seconds')} in time, ${ratio('cpu')} in CPU, ${ratio('peakMiB')} in memory`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

await main();
