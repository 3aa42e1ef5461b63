import { Column, columnFromType } from '../adapter/column.ts';
import { Relation } from '../adapter/relation.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Dict, PyError, PyObject, Tuple, isTrue, numberOf, str } from '../jinja/value.ts';
import type { AdapterOptions, Method } from './adapter-options.ts';
import {
  argument,
  callMacro,
  columnsIn,
  findRelation,
  listRelations,
  nameOf,
  relationFrom,
  responseValue,
  wholeOf,
} from './adapter-options.ts';
import { tableValue } from './cell-value.ts';
import { columnsOfStatement } from './describe.ts';
import { TableValue } from './table-value.ts';

/** Methods that ask the warehouse: what they give while a project is read, and what they do. */
export const ASKING: Readonly<Record<string, { readonly atParse: () => Value; readonly run: Method }>> = {
  execute: {
    atParse: () => new Tuple(['', new TableValue([], [])]),
    run: async (given, { session }) => {
      const sql = str(argument(given, 0, 'sql') ?? '');
      const isInTransaction = isTrue(argument(given, 1, 'auto_begin') ?? false);
      const isRead = isTrue(argument(given, 2, 'fetch') ?? false);
      const answer = await session?.ask(sql, { isInTransaction, isRead });
      if (!answer) return null;
      return new Tuple([responseValue(answer), isRead ? tableValue(answer.table) : new TableValue([], [])]);
    },
  },
  get_relation: {
    atParse: () => null,
    run: async (given, options) => {
      const part = (place: number, name: string): string | null => {
        const value = argument(given, place, name) ?? null;
        return value === null ? null : str(value);
      };
      const place = new Relation(options.invocation.adapter, {
        database: part(0, 'database') ?? options.invocation.database,
        schema: part(1, 'schema'),
        identifier: part(2, 'identifier'),
      });
      return (await findRelation(options, place)) ?? null;
    },
  },
  get_columns_in_relation: {
    atParse: () => [],
    run: (given, options) => columnsIn(argument(given, 0, 'relation'), options),
  },
  get_columns_in_table: {
    atParse: () => [],
    run: (given, options) =>
      columnsIn(
        new Relation(options.invocation.adapter, {
          schema: str(argument(given, 0, 'schema') ?? ''),
          identifier: str(argument(given, 1, 'identifier') ?? ''),
        }),
        options,
      ),
  },
  get_missing_columns: {
    atParse: () => [],
    run: async (given, options) => {
      const from = await columnsIn(argument(given, 0, 'from_relation'), options);
      const known = new Set((await columnsIn(argument(given, 1, 'to_relation'), options)).map(nameOf));
      return from.filter((one) => !known.has(nameOf(one)));
    },
  },
  get_column_schema_from_query: {
    atParse: () => [],
    run: async (given, options) => {
      const { session, invocation } = options;
      if (!session) return [];
      const columns = await columnsOfStatement(session, invocation.adapter, str(argument(given, 0, 'sql') ?? ''));
      return columns.map(({ name, type }) =>
        invocation.adapter.type === 'duckdb'
          ? new Column(invocation.adapter, { name, dtype: type })
          : columnFromType(invocation.adapter, name, type),
      );
    },
  },
  expand_target_column_types: { atParse: () => null, run: () => null },
  create_schema: {
    atParse: () => null,
    run: async (given, { macros }) => {
      const relation = relationFrom(argument(given, 0, 'relation'));
      await callMacro(macros, 'create_schema', [relation]);
      return '';
    },
  },
  drop_schema: {
    atParse: () => null,
    run: async (given, { macros, cache }) => {
      const relation = relationFrom(argument(given, 0, 'relation'));
      await callMacro(macros, 'drop_schema', [relation]);
      cache.dropSchema(relation.database, relation.schema ?? '');
      return '';
    },
  },
  drop_relation: {
    atParse: () => null,
    run: async (given, { macros, cache }) => {
      const relation = relationFrom(argument(given, 0, 'relation'));
      await cache.drop(relation);
      if (relation.relationType === undefined) {
        throw new PyError(`Tried to drop relation ${relation.print()}, but its type is null.`);
      }
      await callMacro(macros, 'drop_relation', [relation]);
      return '';
    },
  },
  truncate_relation: {
    atParse: () => null,
    run: async (given, { macros }) => {
      await callMacro(macros, 'truncate_relation', [relationFrom(argument(given, 0, 'relation'))]);
      return '';
    },
  },
  rename_relation: {
    atParse: () => null,
    run: async (given, { macros, cache }) => {
      const from = relationFrom(argument(given, 0, 'from_relation'));
      const to = relationFrom(argument(given, 1, 'to_relation'));
      await cache.rename(from, to);
      await callMacro(macros, 'rename_relation', [from, to]);
      return '';
    },
  },
  cache_added: {
    atParse: () => '',
    run: async (given, { cache }) => {
      const relation = argument(given, 0, 'relation');
      if (relation instanceof Relation) await cache.add(relation);
      return '';
    },
  },
  cache_dropped: {
    atParse: () => '',
    run: async (given, { cache }) => {
      const relation = argument(given, 0, 'relation');
      if (relation instanceof Relation) await cache.drop(relation);
      return '';
    },
  },
  cache_renamed: {
    atParse: () => '',
    run: async (given, { cache }) => {
      const [from, to] = [argument(given, 0, 'from_relation'), argument(given, 1, 'to_relation')];
      if (from instanceof Relation && to instanceof Relation) await cache.rename(from, to);
      return '';
    },
  },
  list_relations: {
    atParse: () => [],
    run: (given, options) => {
      const database = str(argument(given, 0, 'database') ?? options.invocation.database);
      const schema = str(argument(given, 1, 'schema') ?? '');
      return options.cache.list(database, schema, () => listRelations(options, database, schema));
    },
  },
  list_relations_without_caching: {
    atParse: () => [],
    run: (given, options) => {
      const relation = relationFrom(argument(given, 0, 'schema_relation'));
      return listRelations(options, relation.database, relation.schema ?? '');
    },
  },
  list_schemas: {
    atParse: () => [],
    run: async (given, { macros }) => {
      const table = await callMacro(macros, 'list_schemas', [argument(given, 0, 'database') ?? null]);
      return table instanceof TableValue ? table.rows.map((row) => row.items[0] ?? null) : [];
    },
  },
  check_schema_exists: {
    atParse: () => false,
    run: async (given, { macros, invocation }) => {
      const [database, schema] = [
        argument(given, 0, 'database') ?? invocation.database,
        argument(given, 1, 'schema') ?? '',
      ];
      const table = await callMacro(macros, 'list_schemas', [database]);
      const names = table instanceof TableValue ? table.rows.map((row) => str(row.items[0] ?? '').toLowerCase()) : [];
      return names.includes(str(schema).toLowerCase());
    },
  },
  already_exists: {
    atParse: () => false,
    run: async (given, options) => {
      const place = new Relation(options.invocation.adapter, {
        database: options.invocation.database,
        schema: str(argument(given, 0, 'schema') ?? ''),
        identifier: str(argument(given, 1, 'name') ?? ''),
      });
      return (await findRelation(options, place)) !== undefined;
    },
  },
  valid_snapshot_target: { atParse: () => null, run: (given, options) => snapshotTarget(given, options) },
  assert_valid_snapshot_target_given_strategy: {
    atParse: () => null,
    run: (given, options) => snapshotTarget(given, options),
  },
  location_exists: {
    atParse: () => false,
    run: async (given, { session }) => {
      try {
        await session?.ask(`select 1 from '${str(given.positional[0] ?? '')}' where 1=0`);
        return true;
      } catch (error) {
        if (error instanceof Error) return false;
        throw error;
      }
    },
  },
  ensure_transaction: {
    atParse: () => null,
    run: async (_given, { session }) => {
      if (session && !session.hasTransaction) await session.begin();
      return null;
    },
  },
  add_query: {
    atParse: () => null,
    run: async (given, { session }) => {
      await session?.ask(str(argument(given, 0, 'sql') ?? ''), {
        isInTransaction: isTrue(argument(given, 1, 'auto_begin') ?? true),
      });
      return '';
    },
  },
  insert_rows: { atParse: () => null, run: (given, options) => insertRows(given, options) },
  commit: {
    atParse: () => null,
    run: async (_given, { session }) => {
      await session?.commit();
      return '';
    },
  },
};

/** Puts the rows of a table value into a relation, some at a time. @returns the first statement. */
async function insertRows(
  { positional: [relation, columns = '', table, size] }: Arguments,
  { session }: AdapterOptions,
): Promise<Value> {
  const target = relationFrom(relation);
  if (!(table instanceof TableValue) || !session) return '';
  const step = wholeOf(size) ?? 10_000;
  let first = '';
  for (let at = 0; at < table.rows.length; at += step) {
    const rows = table.rows.slice(at, at + step).map((row) => `(${row.items.map(literal).join(', ')})`);
    const sql = `insert into ${target.render()} (${str(columns)}) values ${rows.join(',\n')}`;
    if (at === 0) first = `insert into ${target.render()} (${str(columns)}) values ...`;
    await session.ask(sql, { isInTransaction: true });
  }
  return first;
}

function literal(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return typeof value === 'number' || typeof value === 'bigint' || numberOf(value) !== undefined
    ? str(value)
    : `'${str(value).replaceAll("'", "''")}'`;
}

/** A snapshot's table must have the columns that dbt adds. */
async function snapshotTarget(given: Arguments, options: AdapterOptions): Promise<Value> {
  const relation = relationFrom(argument(given, 0, 'relation'));
  const names = argument(given, 1, 'column_names') ?? null;
  const strategy = argument(given, 2, 'strategy') ?? null;
  const known = new Set((await columnsIn(relation, options)).map((one) => nameOf(one).toLowerCase()));
  const wanted = ['dbt_scd_id', 'dbt_valid_from', 'dbt_valid_to'];
  if (
    strategy instanceof PyObject &&
    str(strategy.item('hard_deletes') ?? strategy.attribute('hard_deletes') ?? '') === 'new_record'
  ) {
    wanted.push('dbt_is_deleted');
  }
  const missing = wanted
    .map((name) => (names instanceof Dict ? str(names.get(name) ?? name) : name))
    .filter((name) => !known.has(name.toLowerCase()));
  if (missing.length > 0) {
    throw new PyError(
      `Snapshot target is missing configured columns (missing ${missing.map((name) => `"${name}"`).join(', ')}). See https://docs.getdbt.com/docs/build/snapshots#snapshot-meta-fields for more information.`,
    );
  }
  return '';
}
