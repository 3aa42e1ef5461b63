import { basename, join, resolve } from 'node:path';
import { step } from 'smallboat/flow';
import { sha256 } from 'smallboat/kernel';
import { generateDataset } from 'smallboat/synthetic';
import type { GeneratedReport } from 'smallboat/synthetic';
import { ingest as load } from 'smallboat/warehouse';
import { RAW_SCHEMA, rawTables } from '../raw-tables.ts';
import { homeOf } from './home.ts';
import type { Tables } from './tables.ts';
import { openWarehouseOf } from './tables.ts';

/** What the raw tables held when the run began. */
export interface Snapshot {
  /** SHA-256 over the hashes of all files in the raw tables: equal for equal data. */
  readonly id: string;
  /** Where the files lie, for people. */
  readonly source: string;
  /** Browsing rows in the raw table. */
  readonly rows: number;
  /** Browsing files that they came from: rows are only ever added. */
  readonly files: number;
  /** Best ROC-AUC that any model can reach at each decision point; null where the purchase process is not known. */
  readonly best: GeneratedReport['bestAuc'] | null;
}

export interface IngestInputs {
  readonly data: string;
  readonly rows: number;
  readonly seed: number;
  readonly home: string;
  readonly warehouse: string;
  readonly memoryLimitMiB: number;
}

/** Files to raw tables: the given ones, or a generated sample, which has a warehouse of its own. */
export const ingest = step('ingest', {
  cache: false,
  run: async (inputs: IngestInputs, { card, log, progress, signal, tempFolder }) => {
    const home = resolve(inputs.home);
    const isSample = inputs.data === '';
    const name = `sample-${inputs.rows}-${inputs.seed}`;
    const { folder: here } = await homeOf(inputs.home, { tempFolder });
    const folder = isSample ? join(here, 'samples', name) : folderOf(inputs.data);
    const made = isSample
      ? await generateDataset({
          folder,
          rows: inputs.rows,
          seed: inputs.seed,
          signal,
          onProgress: (done) => progress(done / 2, 'generating a sample'),
        })
      : undefined;
    const raw: Tables = {
      warehouse: inputs.warehouse || `duckdb:${join(home, isSample ? `${name}.duckdb` : 'warehouse.duckdb')}`,
      home,
      memoryLimitMiB: inputs.memoryLimitMiB,
    };
    await using warehouse = await openWarehouseOf(raw, signal);
    const report = await load(warehouse, {
      folder,
      tables: rawTables,
      schema: RAW_SCHEMA,
      signal,
      onProgress: (done, message) => progress(isSample ? 0.5 + done / 2 : done, message),
    });
    const held = await warehouse.query<{ sha256: string; table: string; rows: number }>(
      `select sha256 as "sha256", "table", "rows" from ${RAW_SCHEMA}._ingested_files order by "table", sha256`,
    );
    const browsing = held.filter((file) => file.table === 'browsing_train_raw');
    const rows = browsing.reduce((sum, file) => sum + file.rows, 0);
    const snapshot: Snapshot = {
      id: sha256(held.map((file) => file.sha256).join('\n')),
      source: folder,
      rows,
      files: browsing.length,
      best: made?.bestAuc ?? null,
    };
    for (const file of report.files) log(`${file.table} ${file.outcome}`, { rows: file.rows, path: file.path });
    card({
      kind: 'table',
      caption: isSample ? `Generated sample, seed ${inputs.seed}` : folder,
      columns: ['Table', 'File', 'Outcome', 'Rows', 'MiB', 'SHA-256', 'Seconds'],
      rows: report.files.map((file) => [
        file.table.split('.').at(-1) ?? file.table,
        basename(file.path),
        file.outcome,
        file.rows,
        Number((file.bytes / 2 ** 20).toFixed(1)),
        file.sha256.slice(0, 12),
        Number(file.seconds.toFixed(2)),
      ]),
    });
    return { raw, snapshot };
  },
});

/** A folder of this machine, or of S3. */
function folderOf(data: string): string {
  return data.startsWith('s3://') ? data : resolve(data);
}
