import type { AdapterDescription } from './adapter.ts';
import { KEYS_AS_HINTS } from './common-types.ts';
import { postgres } from './postgres.ts';

/** Amazon Redshift, as dbt-redshift describes it: PostgreSQL's catalogue and names, and a store of its own. */
export const redshift: AdapterDescription = {
  ...postgres,
  type: 'redshift',
  prefixes: ['redshift', 'postgres', 'default'],
  macroPackages: [{ folder: 'redshift', name: 'dbt_redshift' }, ...postgres.macroPackages],
  relationClass: 'RedshiftRelation',
  dateFunction: 'getdate()',
  types: { ...postgres.types, text: 'varchar(65535)', time: 'varchar(24)' },
  sizedText: (bytes) => `varchar(${bytes})`,
  constraints: KEYS_AS_HINTS,
  replaceable: ['view'],
  maxIdentifierLength: 127,
  transactions: 'explicit',
  responseOf: (_sql, rows) => ({ message: 'SUCCESS', code: 'SUCCESS', rowsAffected: rows }),
};
