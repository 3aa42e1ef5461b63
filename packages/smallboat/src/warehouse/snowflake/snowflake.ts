import { warehouseOf } from '../session.ts';
import type { Warehouse } from '../warehouse.ts';
import type { SnowflakePlace } from './place.ts';
import { snowflakeSession } from './session.ts';

/** How to reach an account of Snowflake: one of password, private key and token. */
export interface SnowflakeOptions {
  /** `organization-account`, or `account.region`. */
  readonly account: string;
  readonly user: string;
  readonly database: string;
  /** Default PUBLIC. */
  readonly schema?: string;
  /** The virtual warehouse that runs the statements. */
  readonly warehouse?: string;
  readonly role?: string;
  readonly password?: string;
  /** PEM of a key in PKCS 8. */
  readonly privateKey?: string;
  readonly privateKeyPassphrase?: string;
  /** Programmatic access token, or one of OAuth with `authenticator: 'OAUTH'`. */
  readonly token?: string;
  /** As the SDK names it; by default what goes with the given secret. `EXTERNALBROWSER` needs none. */
  readonly authenticator?: string;
  /** Where the account is reached, if not at `<account>.snowflakecomputing.com`. */
  readonly accessUrl?: string;
  /** Shown with each statement in the query history. Default `smallboat`. */
  readonly queryTag?: string;
  /** How long to go on trying where nobody answers. Default 30. */
  readonly waitSeconds?: number;
}

/** A session of Snowflake, by `snowflake-sdk`. Times are given in UTC. */
export async function snowflakeWarehouse(options: SnowflakeOptions): Promise<Warehouse> {
  return warehouseOf(await snowflakeSession(snowflakePlace(options)));
}

function snowflakePlace(options: SnowflakeOptions): SnowflakePlace {
  const {
    account,
    user,
    database,
    schema = 'PUBLIC',
    warehouse,
    role,
    password,
    privateKey,
    token,
    accessUrl,
  } = options;
  const authenticator =
    options.authenticator ??
    (privateKey !== undefined ? 'SNOWFLAKE_JWT' : token !== undefined ? 'PROGRAMMATIC_ACCESS_TOKEN' : 'SNOWFLAKE');
  const given = {
    warehouse,
    role,
    password,
    privateKey,
    token,
    accessUrl,
    privateKeyPass: options.privateKeyPassphrase,
  };
  const quoted = (text: string): string => text.replaceAll("'", "''");
  return {
    location: `snowflake://${user}@${account}/${database}/${schema}`,
    options: {
      account,
      username: user,
      database,
      schema,
      authenticator,
      application: 'smallboat',
      representNullAsStringNull: false,
      clientSessionKeepAlive: true,
      sfRetryMaxLoginRetries: 1, // `waitSeconds` says how often to begin again
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    },
    settings: [
      `ALTER SESSION SET TIMEZONE = 'UTC', STRICT_JSON_OUTPUT = TRUE, QUERY_TAG = '${quoted(options.queryTag ?? 'smallboat')}'`,
    ],
    secrets: [password, privateKey, options.privateKeyPassphrase, token].filter((secret) => secret !== undefined),
    waitSeconds: options.waitSeconds ?? 30,
  };
}
