import type { AdapterDescription } from './adapter.ts';
import { KEYS_AS_HINTS, SEED_TYPES, TEXT_TYPES } from './common-types.ts';

/** Snowflake, as dbt-snowflake describes it. */
export const snowflake: AdapterDescription = {
  type: 'snowflake',
  prefixes: ['snowflake', 'default'],
  macroPackages: [
    { folder: 'snowflake', name: 'dbt_snowflake' },
    { folder: 'dbt', name: 'dbt' },
  ],
  relationClass: 'SnowflakeRelation',
  quoteCharacter: '"',
  quotes: { database: false, schema: false, identifier: false },
  requireAlias: false,
  foldsToUpper: true,
  dateFunction: 'CURRENT_TIMESTAMP()',
  types: SEED_TYPES,
  columns: {
    string: [...TEXT_TYPES, 'char', 'string', 'nvarchar', 'nchar'],
    integer: ['int', 'integer', 'bigint', 'smallint', 'tinyint', 'byteint'],
    float: ['float', 'float4', 'float8', 'double', 'double precision', 'real'],
    numeric: ['number', 'numeric', 'decimal', 'fixed'],
  },
  longestText: 16_777_216,
  typeAliases: { STRING: 'TEXT' },
  constraints: KEYS_AS_HINTS,
  incrementalStrategies: ['append', 'merge', 'delete+insert', 'microbatch', 'insert_overwrite'],
  renameable: ['view', 'table'],
  replaceable: ['view', 'table', 'dynamic_table'],
  hasMaterializedViews: false,
  transactions: 'none',
  dropsCascade: false,
  responseOf: (_sql, rows) => ({ message: `SUCCESS ${rows ?? 0}`, code: 'SUCCESS', rowsAffected: rows ?? 0 }),
};
