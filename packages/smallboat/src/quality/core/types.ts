import * as z from 'zod';
import type { ExpectationKind, TableFacts, Verdict } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { column } from './values.ts';

// Names that suites give to a type: those of SQL and SQLAlchemy in any case, and those of pandas, Spark and Python as they are.
const NAMES: Readonly<Record<string, { readonly sql: readonly string[]; readonly python: readonly string[] }>> = {
  VARCHAR: {
    sql: ['char', 'bpchar', 'nvarchar', 'nchar', 'text', 'string', 'character varying', 'character'],
    python: ['str', 'object', 'object_', 'O', 'StringType', 'StringDtype'],
  },
  BOOLEAN: { sql: ['bool', 'logical'], python: ['BooleanType', 'bool_', 'BooleanDtype'] },
  TINYINT: { sql: ['int1'], python: ['ByteType', 'int8', 'Int8Dtype'] },
  SMALLINT: { sql: ['int2', 'short', 'smallinteger'], python: ['ShortType', 'int16', 'Int16Dtype'] },
  INTEGER: { sql: ['int', 'int4', 'signed'], python: ['IntegerType', 'int32', 'Int32Dtype'] },
  BIGINT: { sql: ['int8', 'long', 'biginteger'], python: ['LongType', 'int', 'int64', 'Int64Dtype'] },
  HUGEINT: { sql: ['int128'], python: [] },
  FLOAT: { sql: ['real', 'float4'], python: ['FloatType', 'float32'] },
  DOUBLE: {
    sql: ['double precision', 'double_precision', 'float8', 'float'],
    python: ['DoubleType', 'float64', 'double'],
  },
  DECIMAL: { sql: ['numeric', 'number'], python: ['DecimalType', 'Decimal'] },
  DATE: { sql: [], python: ['DateType'] },
  TIME: { sql: [], python: [] },
  TIMESTAMP: {
    sql: ['datetime', 'timestamp without time zone', 'timestamp_ntz'],
    python: ['TimestampType', 'datetime64', 'datetime64[ns]'],
  },
  TIMESTAMPTZ: {
    sql: ['timestamp with time zone', 'timestamp_tz', 'timestamp_ltz'],
    python: ['Timestamp', 'TimestampType', 'DatetimeTZDtypeType'],
  },
  JSON: { sql: ['jsonb', 'variant'], python: [] },
};

/** Which of the names above a warehouse's own type goes by. */
function canonical(type: string): string {
  const base = type
    .toUpperCase()
    .replace(/\s*\(.*?\)/, '')
    .trim();
  const known = Object.entries(NAMES).find(([name, { sql }]) => name === base || sql.includes(base.toLowerCase()));
  return known?.[0] ?? base;
}

/**
 * Is a type of the warehouse (`DECIMAL(18,2)`, `VARCHAR`) meant by a name in a suite? Lengths aside; and names of SQL
 * without regard to letter case.
 */
export function isType(type: string, name: string): boolean {
  const wanted = name.trim();
  if (type.toLowerCase() === wanted.toLowerCase()) return true;
  const own = canonical(type);
  const { sql, python } = NAMES[own] ?? { sql: [], python: [] };
  if (python.includes(wanted)) return true;
  // `int` is 64 bits wide in Python, and 32 in SQL.
  const base = wanted.toLowerCase().replace(/\s*\(.*\)$/, '');
  if (wanted === 'int') return own === 'BIGINT' || own === 'INTEGER';
  return own.toLowerCase() === base || sql.includes(base);
}

function verdict(column: string, names: readonly string[] | null, table: TableFacts): Verdict {
  const { type } = table.column(column);
  return { success: names === null || names.some((name) => isType(type, name)), result: { observed_value: type } };
}

/** Expectations of the type of a column: answered from the catalogue, without reading a row. */
export const TYPE_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_values_to_be_of_type',
    kwargs: { column, type_: z.string().nullable() },
    plan: ({ column, type_ }, table) => ({
      kind: 'verdict',
      verdict: verdict(column, type_ === null ? null : [type_], table),
    }),
    sentence: ({ column, type_ }) => `${column} is of type ${type_ ?? 'any'}`,
  }),
  defineExpectation({
    type: 'expect_column_type_to_be',
    kwargs: { column, type_: z.string() },
    plan: ({ column, type_ }, table) => ({ kind: 'verdict', verdict: verdict(column, [type_], table) }),
    sentence: ({ column, type_ }) => `${column} is of type ${type_}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_in_type_list',
    kwargs: { column, type_list: z.array(z.string()).nullable() },
    plan: ({ column, type_list }, table) => ({ kind: 'verdict', verdict: verdict(column, type_list, table) }),
    sentence: ({ column, type_list }) => `${column} is of one of the types ${(type_list ?? ['any']).join(', ')}`,
  }),
];
