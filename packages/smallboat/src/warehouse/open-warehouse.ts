import type { WarehousePlace } from './place.ts';
import { placeOf } from './place.ts';
import type { Warehouse } from './warehouse.ts';

export interface OpenOptions {
  /** What a relative path in the URL starts from. Default: the process's working folder. */
  readonly cwd?: string;
  /** Where passwords and keys come from. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** DuckDB: most memory the warehouse may take, in MiB. Default: a quarter of the machine's, from 512 to 4096. */
  readonly memoryLimitMiB?: number;
  /** DuckDB: default as many as the machine has cores. */
  readonly threads?: number;
  /** DuckDB: where to put what does not fit into memory. Default: `<file>.spill` beside the file; removed on close. */
  readonly temporaryFolder?: string;
  /** DuckDB: to read only; several processes may at once, while none writes. */
  readonly readOnly?: boolean;
  /** DuckDB, to read only, while another process writes: `wait` for it to end (default), or read a copy of the file as of now. */
  readonly whenBusy?: 'wait' | 'snapshot';
  /** How long to wait for another process to let go of the file, or for a server that starts or was lost. Default 30. */
  readonly waitSeconds?: number;
  readonly signal?: AbortSignal;
}

/**
 * Opens the warehouse that a URL names, or a place that has been read from somewhere else (a dbt profile). Whoever opens it
 * closes it, by `await using`.
 *
 * | URL | secrets |
 * |---|---|
 * | `duckdb:<path>`, `duckdb::memory:` | |
 * | `postgres://user@host:5432/database` | PGPASSWORD, `~/.pgpass` |
 * | `redshift://user@host:5439/database?stage=s3://bucket/prefix&iam_role=arn` | REDSHIFT_PASSWORD, AWS credentials |
 * | `snowflake://user@account/database/schema?warehouse=name&role=name` | SNOWFLAKE_PASSWORD, SNOWFLAKE_PRIVATE_KEY, SNOWFLAKE_TOKEN |
 */
export async function openWarehouse(url: string | WarehousePlace, options: OpenOptions = {}): Promise<Warehouse> {
  options.signal?.throwIfAborted();
  const place = typeof url === 'string' ? await placeOf(url, options.env ?? process.env) : url;
  const wait = options.waitSeconds === undefined ? {} : { waitSeconds: options.waitSeconds };
  switch (place.kind) {
    case 'duckdb': {
      const { openDuckDb } = await import('./duckdb/open-duckdb.ts');
      return openDuckDb(place.path, options);
    }
    case 'redshift': {
      const { redshiftWarehouse } = await import('./redshift/redshift.ts');
      return redshiftWarehouse({ ...wait, ...place });
    }
    case 'snowflake': {
      const { snowflakeWarehouse } = await import('./snowflake/snowflake.ts');
      return snowflakeWarehouse({ ...wait, ...place });
    }
    case 'postgres':
    default: {
      const { postgresWarehouse } = await import('./postgres/postgres.ts');
      return postgresWarehouse({ ...wait, ...place });
    }
  }
}
