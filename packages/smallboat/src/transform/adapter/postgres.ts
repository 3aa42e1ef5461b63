import type { AdapterDescription } from './adapter.ts';
import { ALL_ENFORCED, SEED_TYPES, TEXT_TYPES } from './common-types.ts';

/** PostgreSQL, as dbt-postgres describes it. */
export const postgres: AdapterDescription = {
  type: 'postgres',
  prefixes: ['postgres', 'default'],
  macroPackages: [
    { folder: 'postgres', name: 'dbt_postgres' },
    { folder: 'dbt', name: 'dbt' },
  ],
  relationClass: 'PostgresRelation',
  quoteCharacter: '"',
  quotes: { database: true, schema: true, identifier: true },
  requireAlias: true,
  foldsToUpper: false,
  dateFunction: 'now()',
  types: SEED_TYPES,
  columns: {
    string: TEXT_TYPES,
    integer: ['smallint', 'integer', 'bigint', 'smallserial', 'serial', 'bigserial', 'int2', 'int4', 'int8'].concat([
      'serial2',
      'serial4',
      'serial8',
    ]),
    float: ['real', 'float4', 'float', 'double precision', 'float8', 'double'],
    numeric: ['numeric', 'decimal'],
  },
  keepsTextTypes: true,
  typeAliases: { STRING: 'TEXT' },
  constraints: ALL_ENFORCED,
  incrementalStrategies: ['append', 'delete+insert', 'merge', 'microbatch'],
  renameable: ['view', 'table'],
  replaceable: ['view', 'table'],
  hasMaterializedViews: true,
  maxIdentifierLength: 63,
  transactions: 'implicit',
  discardsTemporary: 'discard temp',
  dropsCascade: true,
  responseOf: (sql, rows) => {
    const tag = commandTag(sql);
    const isCounted = /^(SELECT|INSERT|UPDATE|DELETE|MERGE|COPY)/.test(tag);
    return {
      message: isCounted ? `${tag} ${rows ?? 0}` : tag,
      code: tag.replace(/ \d+$/, ''),
      rowsAffected: isCounted ? (rows ?? 0) : -1,
    };
  },
};

/** What the server says it did, without the count. */
function commandTag(sql: string): string {
  const text = sql
    .replace(/\/\*[^]*?\*\/|--[^\n]*/g, ' ')
    .trim()
    .toUpperCase();
  const [, first = ''] = /^\(*\s*([A-Z]+)/.exec(text) ?? [];
  if (first === 'INSERT') return 'INSERT 0';
  if (first === 'WITH') return / (INSERT|UPDATE|DELETE|MERGE)\s/.exec(text.replace(/\s+/g, ' '))?.[1] ?? 'SELECT';
  if (first === 'CREATE' && /^CREATE\s+(?:(?:TEMP|TEMPORARY|UNLOGGED)\s+)?TABLE\s+\S+\s+AS\b/.test(text))
    return 'SELECT';
  if (first === 'CREATE' && /^CREATE\s+MATERIALIZED\b/.test(text)) return 'SELECT';
  if (!['CREATE', 'DROP', 'ALTER', 'TRUNCATE', 'REFRESH'].includes(first)) return first;
  const [, what = ''] =
    /^\w+\s+(?:OR\s+REPLACE\s+)?(?:(?:TEMP|TEMPORARY|UNLOGGED|UNIQUE|RECURSIVE)\s+)*(MATERIALIZED\s+VIEW|[A-Z]+)/.exec(
      text,
    ) ?? [];
  return `${first} ${first === 'TRUNCATE' ? 'TABLE' : what.replace(/\s+/g, ' ')}`;
}
