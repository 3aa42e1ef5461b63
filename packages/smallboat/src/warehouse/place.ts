import { readFile } from 'node:fs/promises';
import { openErrors } from './open-errors.ts';
import type { PostgresOptions, SslMode } from './postgres/postgres.ts';
import type { RedshiftOptions } from './redshift/redshift.ts';
import type { SnowflakeOptions } from './snowflake/snowflake.ts';

export interface DuckDbPlace {
  readonly kind: 'duckdb';
  /** Of the file, or `:memory:`. */
  readonly path: string;
}

/** A warehouse and how to reach it, secrets and all: never to be stored, or put into a message. */
export type WarehousePlace =
  | DuckDbPlace
  | ({ readonly kind: 'postgres' } & PostgresOptions)
  | ({ readonly kind: 'redshift' } & RedshiftOptions)
  | ({ readonly kind: 'snowflake' } & SnowflakeOptions);

type Env = Readonly<Record<string, string | undefined>>;

const EXAMPLES = {
  postgres: 'postgres://anna@db.example.com:5432/shop',
  redshift: 'redshift://anna@cluster.abc.eu-west-1.redshift.amazonaws.com:5439/shop?stage=s3://bucket/folder',
  snowflake: 'snowflake://anna@my_organization-my_account/shop/public?warehouse=small',
} as const;

/** Reads the URL of a warehouse and takes its secrets from the environment. @throws WAREHOUSE_URL_… */
export async function placeOf(url: string, env: Env): Promise<WarehousePlace> {
  if (url.startsWith('duckdb:') && url !== 'duckdb:') return { kind: 'duckdb', path: url.slice('duckdb:'.length) };
  const [, scheme = ''] = /^([a-z]+):\/\//.exec(url) ?? [];
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      return { kind: 'postgres', ...(await postgresOptions(url, env)) };
    case 'redshift':
      return { kind: 'redshift', ...(await redshiftOptions(url, env)) };
    case 'snowflake':
      return { kind: 'snowflake', ...(await snowflakeOptions(url, env)) };
    default:
      throw openErrors.WAREHOUSE_URL_UNKNOWN({ url: redact(url) });
  }
}

async function postgresOptions(url: string, env: Env): Promise<PostgresOptions> {
  const read = readUrl(url, { example: EXAMPLES.postgres, variable: 'PGPASSWORD' });
  const settings = read.settings(postgresSettings(env));
  return { ...(await serverOptions(read, env, settings)), ...given({ password: env['PGPASSWORD'] }) };
}

async function redshiftOptions(url: string, env: Env): Promise<RedshiftOptions> {
  const read = readUrl(url, { example: EXAMPLES.redshift, variable: 'REDSHIFT_PASSWORD' });
  const settings = read.settings({
    ...postgresSettings(env),
    sslmode: 'require',
    stage: env['REDSHIFT_STAGE'],
    iam_role: env['REDSHIFT_IAM_ROLE'],
    region: undefined,
  });
  const { stage, iam_role: iamRole, region } = settings;
  if (stage !== undefined && !/^s3:\/\/[a-z0-9]/.test(stage))
    throw read.wrong(`stage is '${stage}', not a folder in S3`);
  return {
    ...(await serverOptions(read, env, settings)),
    ...given({
      password: env['REDSHIFT_PASSWORD'] ?? env['PGPASSWORD'],
      stage: stage === undefined ? undefined : { url: stage, ...given({ iamRole, region }) },
    }),
  };
}

type PostgresSetting = 'sslmode' | 'sslrootcert' | 'search_path' | 'role' | 'connect_timeout' | 'application_name';

function postgresSettings(env: Env): Record<PostgresSetting, string | undefined> {
  return {
    sslmode: env['PGSSLMODE'],
    sslrootcert: env['PGSSLROOTCERT'],
    search_path: undefined,
    role: undefined,
    connect_timeout: env['PGCONNECT_TIMEOUT'],
    application_name: env['PGAPPNAME'],
  };
}

async function serverOptions(
  read: ReadUrl,
  env: Env,
  settings: Readonly<Record<PostgresSetting, string | undefined>>,
): Promise<PostgresOptions> {
  const user = read.user ?? env['PGUSER'];
  const host = read.host || env['PGHOST'];
  if (user === undefined) throw read.wrong('it names no user');
  if (host === undefined || host === '') throw read.wrong('it names no host');
  const [database = env['PGDATABASE'] ?? user] = read.path;
  const { sslmode, sslrootcert, search_path, role, connect_timeout, application_name } = settings;
  const port = read.port ?? env['PGPORT'];
  return {
    host,
    user,
    database,
    ...given({
      port: port === undefined ? undefined : Number(port),
      sslMode: sslmode === undefined ? undefined : sslModeOf(sslmode, read.wrong),
      sslRootCertificate: sslrootcert === undefined ? undefined : await readFile(sslrootcert, 'utf8'),
      searchPath: search_path?.split(',').map((schema) => schema.trim()),
      role,
      connectTimeoutSeconds: connect_timeout === undefined ? undefined : Number(connect_timeout),
      applicationName: application_name,
    }),
  };
}

async function snowflakeOptions(url: string, env: Env): Promise<SnowflakeOptions> {
  const read = readUrl(url, { example: EXAMPLES.snowflake, variable: 'SNOWFLAKE_PASSWORD' });
  const user = read.user ?? env['SNOWFLAKE_USER'];
  const account = read.host || env['SNOWFLAKE_ACCOUNT'];
  const [database = env['SNOWFLAKE_DATABASE'], schema = env['SNOWFLAKE_SCHEMA']] = read.path;
  if (user === undefined) throw read.wrong('it names no user');
  if (account === undefined || account === '') throw read.wrong('it names no account');
  if (database === undefined) throw read.wrong('it names no database');
  const { warehouse, role, authenticator, access_url, query_tag } = read.settings({
    warehouse: env['SNOWFLAKE_WAREHOUSE'],
    role: env['SNOWFLAKE_ROLE'],
    authenticator: env['SNOWFLAKE_AUTHENTICATOR'],
    access_url: undefined,
    query_tag: undefined,
  });
  const keyFile = env['SNOWFLAKE_PRIVATE_KEY_PATH'];
  return {
    account,
    user,
    database,
    ...given({
      schema,
      warehouse,
      role,
      authenticator,
      accessUrl: access_url,
      queryTag: query_tag,
      password: env['SNOWFLAKE_PASSWORD'],
      privateKey: env['SNOWFLAKE_PRIVATE_KEY'] ?? (keyFile === undefined ? undefined : await readFile(keyFile, 'utf8')),
      privateKeyPassphrase: env['SNOWFLAKE_PRIVATE_KEY_PASSPHRASE'],
      token: env['SNOWFLAKE_TOKEN'],
    }),
  };
}

const SSL_MODES: readonly string[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'];

function sslModeOf(mode: string, wrong: (problem: string) => Error): SslMode {
  if (!SSL_MODES.includes(mode)) throw wrong(`sslmode is '${mode}', not one of ${SSL_MODES.join(', ')}`);
  return mode as SslMode; // it is in the list
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const some = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(some) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

interface ReadUrl {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
  /** Parts of the path. */
  readonly path: readonly string[];
  /** The settings behind `?`, over these defaults. One that is not among them is an error. */
  settings<K extends string>(defaults: Readonly<Record<K, string | undefined>>): Record<K, string | undefined>;
  readonly wrong: (problem: string) => Error;
}

function readUrl(url: string, { example, variable }: { readonly example: string; readonly variable: string }): ReadUrl {
  const shown = redact(url);
  const wrong = (problem: string): Error => openErrors.WAREHOUSE_URL_INVALID({ url: shown, problem, example });
  if (!URL.canParse(url)) throw wrong('it cannot be read as a URL');
  const { username, password, hostname, port, pathname, searchParams } = new URL(url);
  if (password !== '' || [...searchParams.keys()].some((name) => /password|secret|token|private_?key/i.test(name))) {
    throw openErrors.WAREHOUSE_URL_SECRET({ url: shown, variable });
  }
  const decoded = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch (cause) {
      if (cause instanceof URIError) throw wrong('it has a % that stands for nothing (write %25)');
      throw cause;
    }
  };
  return {
    user: username === '' ? undefined : decoded(username),
    host: decoded(hostname).replace(/^\[(.+)\]$/, '$1'),
    port: port === '' ? undefined : port,
    path: pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    wrong,
    settings: (defaults) => {
      const known: Record<string, string | undefined> = { ...defaults };
      for (const [name, value] of searchParams) {
        if (!(name in known)) throw wrong(`it sets ${name}, which is none of ${Object.keys(known).join(', ')}`);
        known[name] = value;
      }
      return known;
    },
  };
}

/** A URL may hold a password, also one that cannot be read; a message must not. */
export function redact(url: string): string {
  return url
    .replace(/(\/\/[^:@/]*):.*@/, '$1:…@')
    .replace(/([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*/gi, '$1…');
}
