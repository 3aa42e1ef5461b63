import type { Cell, Warehouse } from '../../warehouse/index.ts';
import type { Value } from '../jinja/value.ts';
import { Dict, Float, Fn, PyError, str } from '../jinja/value.ts';
import type { Bag } from '../jinja/value.ts';
import { Relation, columnValue, tableValue } from './relation.ts';

/** A value of the warehouse as a template sees it. */
function fromCell(cell: Cell): Value {
  if (cell === null || typeof cell === 'boolean' || typeof cell === 'string' || typeof cell === 'bigint') return cell;
  if (typeof cell === 'number') return Number.isInteger(cell) ? cell : new Float(cell);
  if (Array.isArray(cell)) return cell.map(fromCell);
  return new Dict(Object.entries(cell).map(([key, value]) => [key, fromCell(value)] as const));
}

interface Asked {
  readonly warehouse: Warehouse;
  readonly database: string;
  readonly signal?: AbortSignal;
}

/** What templates may ask the warehouse while they are compiled. */
export interface WarehouseFunctions {
  run(sql: string, file: string): Promise<Bag>;
  readonly adapter: Readonly<Record<string, Fn>>;
  readonly loadRelation: Fn;
}

export function warehouseFunctions({ warehouse, database, signal }: Asked): WarehouseFunctions {
  const options = signal === undefined ? {} : { signal };

  const run = async (sql: string): Promise<Bag> => {
    const rows = await warehouse.query(sql, options);
    const [first] = rows;
    const names = first ? Object.keys(first) : [];
    return tableValue(
      names,
      rows.map((row) => names.map((name) => fromCell(row[name] ?? null))),
    );
  };

  const relation = async (schema: string, identifier: string): Promise<Value> => {
    const [found] = await warehouse.query<{ kind: string }>(
      `select table_type as kind from information_schema.tables
       where table_catalog = ? and lower(table_schema) = lower(?) and lower(table_name) = lower(?)`,
      { ...options, parameters: [database, schema, identifier] },
    );
    if (!found) return null;
    return new Relation({ database, schema, identifier, kind: found.kind === 'VIEW' ? 'view' : 'table' });
  };

  const relationOf = (value: Value | undefined): Relation => {
    if (value instanceof Relation) return value;
    throw new PyError('a relation is needed here, as ref() and source() give it');
  };

  return {
    run,
    loadRelation: new Fn('load_relation', ({ positional: [value] }) => {
      const { schema, identifier } = relationOf(value);
      return relation(schema ?? '', identifier);
    }),
    adapter: {
      get_relation: new Fn('get_relation', ({ positional, named }) =>
        relation(str(positional[1] ?? named.get('schema') ?? ''), str(positional[2] ?? named.get('identifier') ?? '')),
      ),
      get_columns_in_relation: new Fn('get_columns_in_relation', async ({ positional, named }) => {
        const { schema, identifier } = relationOf(positional[0] ?? named.get('relation'));
        const columns = await warehouse.query<{ name: string; type: string }>(
          `select column_name as name, data_type as type from information_schema.columns
           where table_catalog = ? and lower(table_schema) = lower(?) and lower(table_name) = lower(?)
           order by ordinal_position`,
          { ...options, parameters: [database, schema ?? '', identifier] },
        );
        return columns.map(({ name, type }) => columnValue(name, type));
      }),
      create_schema: new Fn('create_schema', async ({ positional: [value] }) => {
        await warehouse.execute(`create schema if not exists "${relationOf(value).schema ?? ''}"`, options);
        return '';
      }),
      drop_relation: new Fn('drop_relation', async ({ positional: [value] }) => {
        const one = relationOf(value);
        await warehouse.execute(`drop ${one.kind ?? 'table'} if exists ${one.print()}`, options);
        return '';
      }),
    },
  };
}
