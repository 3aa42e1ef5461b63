import { readFileSync } from 'node:fs';
import type { WarehousePlace } from '../../warehouse/index.ts';
import { projectErrors } from '../project/errors.ts';
import { textOf } from '../project/plain.ts';
import type { Target } from '../project/profile.ts';

/** Where the account of a target of type `snowflake` is, and how to get in. @throws `PROFILE_INVALID`. */
export function snowflakePlace({ credentials, profile, name, file, database, schema }: Target): WarehousePlace {
  const fail = (problem: string): never => {
    throw projectErrors.PROFILE_INVALID({ file: file ?? 'profiles.yml', profile, target: name, problem });
  };
  const text = (key: string): string | undefined => textOf(credentials[key]);
  const keyFile = text('private_key_path');
  const password = text('password');
  const token = text('token');
  const privateKey = keyFile === undefined ? text('private_key') : readFileSync(keyFile, 'utf8');
  const authenticator = text('authenticator')?.toUpperCase();
  if ([password, token, privateKey].every((one) => one === undefined) && authenticator !== 'EXTERNALBROWSER') {
    fail("'password' is missing, and so are 'private_key_path', 'token' and 'authenticator: externalbrowser'");
  }
  const host = text('host');
  const port = text('port');
  const given = {
    role: text('role'),
    warehouse: text('warehouse'),
    password,
    token,
    privateKey,
    privateKeyPassphrase: text('private_key_passphrase'),
    authenticator,
    queryTag: text('query_tag'),
    accessUrl:
      host === undefined
        ? undefined
        : `${text('protocol') ?? 'https'}://${host}${port === undefined ? '' : `:${port}`}`,
  };
  return {
    kind: 'snowflake',
    account: text('account') ?? fail("'account' is missing"),
    user: text('user') ?? fail("'user' is missing"),
    database: database ?? fail("'database' is missing"),
    schema,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}
