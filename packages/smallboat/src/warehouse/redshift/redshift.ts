import type { PostgresOptions } from '../postgres/postgres.ts';
import { postgresPlace } from '../postgres/postgres.ts';
import { warehouseOf } from '../session.ts';
import type { Warehouse } from '../warehouse.ts';
import { redshiftSession } from './session.ts';
import type { RedshiftStage } from './stage.ts';

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
