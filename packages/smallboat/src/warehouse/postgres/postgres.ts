import type { ClientConfig } from 'pg';
import { warehouseOf } from '../session.ts';
import { quoteName } from '../sql-text.ts';
import type { Warehouse } from '../warehouse.ts';
import type { PostgresPlace } from './connection.ts';
import { postgresSession } from './session.ts';

/** TLS as libpq names it: `prefer` takes it where the server has it; only `verify-full` also checks who the server is. */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** How to reach a server of PostgreSQL's kind. */
export interface PostgresOptions {
  readonly host: string;
  /** Default 5432. */
  readonly port?: number;
  readonly user: string;
  readonly database: string;
  /** Without one the server must need none, or `~/.pgpass` have it. */
  readonly password?: string;
  /** The variable that the password comes from, for messages. Default PGPASSWORD. */
  readonly passwordVariable?: string;
  /** Default `prefer`. */
  readonly sslMode?: SslMode;
  /** Certificate of who signed the server's, PEM. */
  readonly sslRootCertificate?: string;
  /** Schemas that names without one are looked for in, in order. */
  readonly searchPath?: readonly string[];
  /** Role that the session takes. */
  readonly role?: string;
  /** Default 10. */
  readonly connectTimeoutSeconds?: number;
  /** How long to wait for a server that is starting, full or lost. Default 30. */
  readonly waitSeconds?: number;
  /** What the server's lists of sessions show. Default `smallboat`. */
  readonly applicationName?: string;
}

/** A connection to PostgreSQL 12 or later, by `pg`. Times are given in UTC. */
export async function postgresWarehouse(options: PostgresOptions): Promise<Warehouse> {
  return warehouseOf(await postgresSession(postgresPlace('postgres', options)));
}

/** Where it is and how to get there. @param scheme Of the URL, for messages. */
export function postgresPlace(scheme: string, options: PostgresOptions): PostgresPlace {
  const { host, port, user, database, sslMode = 'prefer', role, searchPath } = options;
  const config: ClientConfig = {
    host,
    port: port ?? 5432,
    user,
    database,
    ssl: tls(sslMode, options.sslRootCertificate),
    connectionTimeoutMillis: (options.connectTimeoutSeconds ?? 10) * 1000,
    application_name: options.applicationName ?? 'smallboat',
    keepAlive: true,
    ...(options.password === undefined ? {} : { password: options.password }),
  };
  return {
    location: `${scheme}://${user}@${host}${port === undefined ? '' : `:${port}`}/${database}`,
    config,
    preferTls: sslMode === 'prefer',
    settings: [
      `SET TIME ZONE 'UTC'`,
      `SET DateStyle = 'ISO, MDY'`,
      ...(role === undefined ? [] : [`SET ROLE ${quoteName(role)}`]),
      ...(searchPath === undefined ? [] : [`SET search_path = ${searchPath.map(quoteName).join(', ')}`]),
    ],
    secrets: options.password === undefined ? [] : [options.password],
    secret: options.passwordVariable ?? 'PGPASSWORD',
    waitSeconds: options.waitSeconds ?? 30,
  };
}

function tls(mode: SslMode, ca: string | undefined): NonNullable<ClientConfig['ssl']> {
  if (mode === 'disable') return false;
  const signed = ca === undefined ? {} : { ca };
  if (mode === 'verify-full') return { ...signed, rejectUnauthorized: true };
  if (mode === 'verify-ca') return { ...signed, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return { ...signed, rejectUnauthorized: false };
}
