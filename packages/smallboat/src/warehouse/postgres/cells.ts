import { exactInteger, exactNumber } from '../decimal.ts';
import type { Cell } from '../warehouse.ts';
import { parseArrayText } from './array-text.ts';

/** PostgreSQL's numbers of its own types (`pg_type.oid`), which do not change, and their names in SQL. */
export const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const;

const NAMES: Readonly<Record<number, string>> = {
  16: 'boolean',
  17: 'bytea',
  19: 'name',
  20: 'bigint',
  21: 'smallint',
  23: 'integer',
  25: 'text',
  26: 'oid',
  114: 'json',
  700: 'real',
  701: 'double precision',
  1042: 'character',
  1043: 'character varying',
  1082: 'date',
  1083: 'time without time zone',
  1114: 'timestamp without time zone',
  1184: 'timestamp with time zone',
  1186: 'interval',
  1700: 'numeric',
  2950: 'uuid',
  3802: 'jsonb',
};

/** Arrays by the type of their items. */
export const ITEM_OF: Readonly<Record<number, number>> = {
  1000: 16,
  1001: 17,
  1005: 21,
  1007: 23,
  1016: 20,
  1009: 25,
  1015: 1043,
  1014: 1042,
  1021: 700,
  1022: 701,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1185: 1184,
  1231: 1700,
  2951: 2950,
  199: 114,
  3807: 3802,
};

/** The name of a type as SQL has it; undefined for those that a user or an extension made. */
export function typeName(oid: number, modifier: number): string | undefined {
  const item = ITEM_OF[oid];
  if (item !== undefined) {
    const name = typeName(item, modifier);
    return name && `${name}[]`;
  }
  const name = NAMES[oid];
  if (modifier < 4 || name === undefined) return name;
  if (oid === OID.numeric) return `numeric(${(modifier - 4) >> 16},${(modifier - 4) & 0xffff})`;
  if (oid === OID.varchar || oid === OID.bpchar) return `${name}(${modifier - 4})`;
  return name;
}

/** How a value of that type, printed by the server, becomes a cell. */
export function parserOf(oid: number): (text: string) => Cell {
  const item = ITEM_OF[oid];
  if (item !== undefined) {
    const parse = parserOf(item);
    return (text) => parseArrayText(text, parse);
  }
  switch (oid) {
    case OID.bool:
      return (text) => text === 't' || text === 'true';
    case OID.int2:
    case OID.int4:
    case OID.oid:
    case OID.float4:
    case OID.float8:
      return Number;
    case OID.int8:
      return exactInteger;
    case OID.numeric:
      return exactNumber;
    default:
      return (text) => text;
  }
}
