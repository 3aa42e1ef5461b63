import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { PostgresConnection } from '../postgres/connection.ts';
import { openS3 } from '../s3/s3.ts';
import { quoteName, quoteText } from '../sql-text.ts';
import type { CsvFiles } from '../warehouse.ts';
import { MISSING, markMissing } from './mark-missing.ts';
import type { RedshiftStage } from './stage.ts';

interface Asked {
  readonly connection: PostgresConnection;
  readonly location: string;
  readonly stage: RedshiftStage;
}

/** Puts the files into S3 and has Redshift read them from there, all in one COPY: all rows or none. */
export async function loadByCopy(
  { connection, location, stage }: Asked,
  relation: string,
  files: CsvFiles,
): Promise<number> {
  const { paths, columns, compression, signal, onProgress } = files;
  const under = signal === undefined ? {} : { signal };
  const prefix = `${stage.url.replace(/\/$/, '')}/${randomUUID()}/`;
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-stage-'));
  await using s3 = await openS3(location);
  const put: string[] = [];
  try {
    for (const [i, path] of paths.entries()) {
      const packed = join(folder, `${i}.csv.gz`);
      const unpack = compression === 'gzip' ? [createGunzip()] : [];
      await pipeline(
        [createReadStream(path), ...unpack, markMissing(), createGzip({ level: 1 }), createWriteStream(packed)],
        under,
      );
      const url = `${prefix}${i}.csv.gz`;
      put.push(url);
      await s3.upload(packed, url, signal);
      await rm(packed);
      onProgress?.((i + 1) / (paths.length + 1));
    }
    await connection.run(copySql(relation, columns, prefix, stage), under);
    onProgress?.(1);
    const { rows } = await connection.run('SELECT pg_last_copy_count()');
    return Number(rows[0]?.[0] ?? 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
    for (const url of put) await s3.remove(url).catch(() => undefined); // what is left there harms nobody
  }
}

/**
 * Redshift's COPY of CSV (Database Developer Guide, COPY). A SUPER column takes the JSON that is in its field. No key is in it: the role
 * may read the folder.
 */
export function copySql(
  relation: string,
  columns: readonly string[],
  prefix: string,
  { iamRole, region }: RedshiftStage,
): string {
  return [
    `COPY ${relation} (${columns.map(quoteName).join(', ')})`,
    `FROM ${quoteText(prefix)}`,
    `IAM_ROLE ${iamRole === undefined ? 'DEFAULT' : quoteText(iamRole)}`,
    'FORMAT AS CSV GZIP',
    `NULL AS ${quoteText(MISSING)}`,
    `TIMEFORMAT 'auto' DATEFORMAT 'auto'`,
    ...(region === undefined ? [] : [`REGION ${quoteText(region)}`]),
  ].join('\n');
}
