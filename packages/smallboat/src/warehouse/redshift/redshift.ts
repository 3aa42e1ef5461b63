import type { PostgresOptions } from '../postgres/postgres.ts';
import { postgresPlace } from '../postgres/postgres.ts';
import { warehouseOf } from '../session.ts';
import type { Warehouse } from '../warehouse.ts';
import { redshiftSession } from './session.ts';

/** Where files lie for Redshift to COPY them. */
export interface RedshiftStage {
  /** `s3://bucket/folder`: files are put there, loaded, and removed. */
  readonly url: string;
  /** ARN of the role that may read there; default the one that the cluster has as its default. */
  readonly iamRole?: string;
  /** Region of the bucket, where it is not that of the cluster. */
  readonly region?: string;
}

export interface RedshiftOptions extends PostgresOptions {
  /** Without one, rows are loaded by INSERT: slow, and right for some thousands. */
  readonly stage?: RedshiftStage;
}

/** A connection to Amazon Redshift, by `pg`. Times are given in UTC. */
export async function redshiftWarehouse(options: RedshiftOptions): Promise<Warehouse> {
  const { stage } = options;
  const place = postgresPlace('redshift', {
    sslMode: 'require',
    passwordVariable: 'REDSHIFT_PASSWORD or PGPASSWORD',
    ...options,
    port: options.port ?? 5439,
  });
  return warehouseOf(await redshiftSession({ ...place, ...(stage === undefined ? {} : { stage }) }));
}
