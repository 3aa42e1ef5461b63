import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Turns `.<stem>.csv` of a folder into `<stem>.parquet`, and removes the CSV. Texts, save the time, which is a BIGINT. */
export async function toParquet(
  folder: string,
  stems: readonly string[],
  signal?: AbortSignal,
): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '2GiB', preserve_insertion_order: 'true' });
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal?.addEventListener('abort', interrupt);
  const files: { name: string; bytes: number }[] = [];
  try {
    for (const stem of stems) {
      signal?.throwIfAborted();
      const csv = join(folder, `.${stem}.csv`);
      const path = join(folder, `${stem}.parquet`);
      const columns =
        stem === 'sku_to_content'
          ? '*'
          : '* REPLACE (CAST(server_timestamp_epoch_ms AS BIGINT) AS server_timestamp_epoch_ms)';
      await connection.run(
        `COPY (SELECT ${columns} FROM read_csv(${text(csv)}, header = true, all_varchar = true, delim = ',', quote = '"'))
         TO ${text(`${path}.part`)} (FORMAT parquet, COMPRESSION zstd)`,
      );
      await rename(`${path}.part`, path);
      files.push({ name: `${stem}.parquet`, bytes: (await stat(path)).size });
    }
  } finally {
    signal?.removeEventListener('abort', interrupt);
    connection.closeSync();
    instance.closeSync();
    for (const stem of stems) await rm(join(folder, `.${stem}.csv`), { force: true });
    for (const stem of stems) await rm(join(folder, `${stem}.parquet.part`), { force: true });
  }
  return files;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
