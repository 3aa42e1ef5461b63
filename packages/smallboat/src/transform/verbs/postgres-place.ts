import { readFileSync } from 'node:fs';
import type { PostgresOptions, SslMode, WarehousePlace } from '../../warehouse/index.ts';
import { projectErrors } from '../project/errors.ts';
import { textOf } from '../project/plain.ts';
import type { Target } from '../project/profile.ts';

/** Where the server of a target of type `postgres` is. @throws `PROFILE_INVALID`. */
export function postgresPlace(target: Target): WarehousePlace {
  return { kind: 'postgres', ...serverOf(target) };
}

/** The same for type `redshift`. Rows of seeds go by INSERT. @throws `PROFILE_INVALID`, `ADAPTER_FEATURE`. */
export function redshiftPlace(target: Target): WarehousePlace {
  const method = textOf(target.credentials['method']);
  if (method !== undefined && method !== 'database') {
    const from = target.file ?? 'profiles.yml';
    throw projectErrors.ADAPTER_FEATURE({
      from,
      feature: `dbt-redshift's 'method: ${method}'`,
      instead: "use 'method: database' with a password",
    });
  }
  return { kind: 'redshift', ...serverOf(target) };
}

function serverOf({ credentials, profile, name, file, database }: Target): PostgresOptions {
  const fail = (problem: string): never => {
    throw projectErrors.PROFILE_INVALID({ file: file ?? 'profiles.yml', profile, target: name, problem });
  };
  const text = (key: string): string | undefined => textOf(credentials[key]);
  const needed = (key: string): string => text(key) ?? fail(`'${key}' is missing`);
  const password = text('password') ?? text('pass');
  const number = (key: string): number | undefined => {
    const value = text(key);
    if (value === undefined) return undefined;
    return Number.isInteger(Number(value)) ? Number(value) : fail(`'${key}' must be a whole number, found '${value}'`);
  };
  const mode = text('sslmode');
  if (mode !== undefined && !MODES.has(mode))
    fail(`'sslmode' must be one of ${[...MODES].join(', ')}, found '${mode}'`);
  const certificate = text('sslrootcert');
  return {
    host: needed('host'),
    user: needed('user'),
    database: database ?? fail("'dbname' is missing"),
    password:
      password ?? fail("'password' is missing; write password: \"{{ env_var('…') }}\" to take it from the environment"),
    ...given('port', number('port')),
    ...given('role', text('role')),
    ...given('connectTimeoutSeconds', number('connect_timeout')),
    ...given('applicationName', text('application_name')),
    ...given('sslMode', mode === 'allow' ? 'prefer' : (mode as SslMode | undefined)),
    ...given('sslRootCertificate', certificate === undefined ? undefined : readFileSync(certificate, 'utf8')),
    ...given(
      'searchPath',
      text('search_path')
        ?.split(',')
        .map((schema) => schema.trim()),
    ),
  };
}

const MODES: ReadonlySet<string> = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']);

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
