import type { AdapterDescription } from './adapter.ts';

/** DuckDB, as dbt-duckdb describes it. */
export const duckdb: AdapterDescription = {
  type: 'duckdb',
  prefixes: ['duckdb', 'default'],
  macroPackages: [
    { folder: 'duckdb', name: 'dbt_duckdb' },
    { folder: 'dbt', name: 'dbt' },
  ],
  quoteCharacter: '"',
  quotes: { database: true, schema: true, identifier: true },
  requireAlias: false,
  foldsToUpper: false,
  dateFunction: 'now()',
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
    string: ['text', 'character varying', 'character', 'varchar'],
    integer: [
      ...['tinyint', 'smallint', 'integer', 'bigint', 'hugeint', 'utinyint', 'usmallint', 'uinteger', 'ubigint'],
      ...['int1', 'int2', 'int4', 'int8', 'short', 'int', 'signed', 'long'],
    ],
    float: ['real', 'float', 'float4', 'float8', 'double'],
    numeric: ['numeric', 'decimal'],
  },
  typeAliases: { STRING: 'TEXT' },
  constraints: {
    check: 'enforced',
    not_null: 'enforced',
    unique: 'enforced',
    primary_key: 'enforced',
    foreign_key: 'enforced',
  },
  incrementalStrategies: ['append', 'delete+insert', 'merge', 'microbatch'],
  renameable: [],
  replaceable: [],
  hasMaterializedViews: false,
  okMessage: () => 'OK',
  reportsRows: false,
};
