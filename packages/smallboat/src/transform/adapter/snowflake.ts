import type { AdapterDescription } from './adapter.ts';

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
  types: {
    text: 'text',
    integer: 'integer',
    number: 'float8',
    boolean: 'boolean',
    date: 'date',
    datetime: 'timestamp without time zone',
    time: 'time',
  },
  columns: {
    string: ['text', 'character varying', 'character', 'varchar', 'char', 'string', 'nvarchar', 'nchar'],
    integer: ['int', 'integer', 'bigint', 'smallint', 'tinyint', 'byteint'],
    float: ['float', 'float4', 'float8', 'double', 'double precision', 'real'],
    numeric: ['number', 'numeric', 'decimal', 'fixed'],
  },
  longestText: 16_777_216,
  typeAliases: { STRING: 'TEXT' },
  constraints: {
    check: 'not_supported',
    not_null: 'enforced',
    unique: 'not_enforced',
    primary_key: 'not_enforced',
    foreign_key: 'not_enforced',
  },
  incrementalStrategies: ['append', 'merge', 'delete+insert', 'microbatch', 'insert_overwrite'],
  renameable: ['view', 'table'],
  replaceable: ['view', 'table', 'dynamic_table'],
  hasMaterializedViews: false,
  transactions: 'none',
  dropsCascade: false,
  responseOf: (_sql, rows) => ({ message: `SUCCESS ${rows ?? 0}`, code: 'SUCCESS', rowsAffected: rows ?? 0 }),
};
