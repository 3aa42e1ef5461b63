import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Column, columnClass, columnFromType } from '../adapter/column.ts';
import { columnLines, modelLines } from '../adapter/constraints.ts';
import { Relation, createRelation } from '../adapter/relation.ts';
import type { RelationCache } from '../adapter/relation-cache.ts';
import type { Session } from '../adapter/session.ts';
import { toPlain } from '../jinja/json.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Bag, Dict, Fn, PyError, PyObject, Tuple, firstOf, isTrue, iterate, numberOf, str } from '../jinja/value.ts';
import { recordOf } from '../project/plain.ts';
import { tableValue } from './cell-value.ts';
import { columnsOfStatement } from './describe.ts';
import type { Invocation } from './invocation.ts';
import type { MacroFunctions } from './macro-functions.ts';
import { TableValue } from './table-value.ts';

export interface AdapterOptions {
  readonly invocation: Invocation;
  readonly macros: MacroFunctions;
  /** Undefined while a project is read: then nothing is asked. */
  readonly session: Session | undefined;
  readonly cache: RelationCache;
}

type Method = (given: Arguments, options: AdapterOptions) => Value | Promise<Value>;

const argument = (given: Arguments, place: number, name: string): Value | undefined =>
  firstOf(given.positional[place], given.named.get(name));

function relationFrom(value: Value | undefined): Relation {
  if (value instanceof Relation) return value;
  throw new PyError('a relation is needed here, as ref() and source() give it');
}

const call = (
  macros: MacroFunctions,
  name: string,
  positional: Value[],
  named: Readonly<Record<string, Value>> = {},
): Value | Promise<Value> => {
  const macro = macros.find(name);
  if (!macro) throw new PyError(`the macro '${name}' is missing`);
  return macro.call({ positional, named: new Map(Object.entries(named)) });
};

/** The relations of a schema, as the macro `list_relations_without_caching` says. */
export async function listRelations(
  { invocation, macros }: AdapterOptions,
  database: string | null,
  schema: string,
): Promise<Relation[]> {
  const { adapter } = invocation;
  const within = new Relation(adapter, {
    database,
    schema,
    includes: { database: true, schema: true, identifier: false },
  });
  const table = await call(macros, 'list_relations_without_caching', [within]);
  if (!(table instanceof TableValue)) return [];
  return table.rows.map((row) => {
    const [inDatabase = null, name = null, inSchema = null, type = null] = row.items;
    return new Relation(adapter, {
      database: inDatabase === null ? database : str(inDatabase),
      schema: str(inSchema),
      identifier: str(name),
      type: type === null ? undefined : str(type),
    });
  });
}

/** The relation of that place, if the warehouse has it. */
export function findRelation(options: AdapterOptions, place: Relation): Promise<Relation | undefined> {
  const { schema } = place;
  if (schema === null) return Promise.resolve(undefined);
  return options.cache.find(place, () => listRelations(options, place.database, schema));
}

async function columnsIn(given: Value | undefined, options: AdapterOptions): Promise<Value[]> {
  try {
    return [...iterate(await call(options.macros, 'get_columns_in_relation', [relationFrom(given)]))];
  } catch (error) {
    // As dbt-duckdb: what is not there has no columns.
    if (options.invocation.adapter.type === 'duckdb' && error instanceof Error && /does not exist/i.test(error.message))
      return [];
    throw error;
  }
}

const nameOf = (value: Value): string => (value instanceof Column ? value.name : str(value));

/** Methods that ask the warehouse: what they give while a project is read, and what they do. */
const ASKING: Readonly<Record<string, { readonly atParse: () => Value; readonly run: Method }>> = {
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
      await call(macros, 'create_schema', [relation]);
      return '';
    },
  },
  drop_schema: {
    atParse: () => null,
    run: async (given, { macros, cache }) => {
      const relation = relationFrom(argument(given, 0, 'relation'));
      await call(macros, 'drop_schema', [relation]);
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
      await call(macros, 'drop_relation', [relation]);
      return '';
    },
  },
  truncate_relation: {
    atParse: () => null,
    run: async (given, { macros }) => {
      await call(macros, 'truncate_relation', [relationFrom(argument(given, 0, 'relation'))]);
      return '';
    },
  },
  rename_relation: {
    atParse: () => null,
    run: async (given, { macros, cache }) => {
      const from = relationFrom(argument(given, 0, 'from_relation'));
      const to = relationFrom(argument(given, 1, 'to_relation'));
      await cache.rename(from, to);
      await call(macros, 'rename_relation', [from, to]);
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
      const table = await call(macros, 'list_schemas', [argument(given, 0, 'database') ?? null]);
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
      const table = await call(macros, 'list_schemas', [database]);
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

/** Methods that ask nobody. */
const PLAIN: Readonly<Record<string, Method>> = {
  type: (_given, { invocation }) => invocation.adapter.type,
  quote: (given, { invocation }) => quoted(invocation, str(argument(given, 0, 'identifier') ?? '')),
  quote_as_configured: (given, { invocation }) => {
    const name = str(argument(given, 0, 'identifier') ?? '');
    const key = str(argument(given, 1, 'quote_key') ?? 'identifier');
    const policy: Readonly<Record<string, boolean>> = quotingOf(invocation);
    return policy[key] === true ? quoted(invocation, name) : name;
  },
  quote_seed_column: (given, { invocation }) => {
    const name = str(argument(given, 0, 'column') ?? '');
    const config = argument(given, 1, 'quote_config') ?? null;
    // dbt quotes unless it is told not to; Snowflake the other way round.
    const isQuoted = config === null ? !invocation.adapter.foldsToUpper : config === true;
    return isQuoted ? quoted(invocation, name) : name;
  },
  get_hard_deletes_behavior: (given) => hardDeletes(given.positional[0]),
  standardize_grants_dict: (given) => {
    const table = given.positional[0];
    const grants = new Dict();
    if (table instanceof TableValue) {
      for (const row of table.rows) {
        const [grantee, privilege] = [row.item('grantee') ?? '', str(row.item('privilege_type') ?? '')];
        const known = grants.get(privilege);
        if (Array.isArray(known)) known.push(grantee);
        else grants.set(privilege, [grantee]);
      }
    }
    return grants;
  },
  render_raw_columns_constraints: (given, { invocation }) => {
    const raw = toPlain(argument(given, 0, 'raw_columns') ?? new Dict());
    return columnLines(invocation.adapter, Object.values(recordOf(raw)).map(recordOf), (text) =>
      invocation.say(`warning: ${text}`, true),
    );
  },
  render_raw_model_constraints: (given, { invocation }) => {
    const raw = toPlain(argument(given, 0, 'raw_constraints') ?? []);
    return modelLines(invocation.adapter, (Array.isArray(raw) ? raw : []).map(recordOf), (text) =>
      invocation.say(`warning: ${text}`, true),
    );
  },
  valid_incremental_strategies: (_given, { invocation }) => [...invocation.adapter.incrementalStrategies],
  builtin_incremental_strategies: () => ['append', 'delete+insert', 'merge', 'insert_overwrite', 'microbatch'],
  get_incremental_strategy_macro: (given, { macros, invocation }) => {
    const strategy = str(argument(given, 1, 'strategy') ?? 'default');
    const builtin = ['append', 'delete+insert', 'merge', 'insert_overwrite', 'microbatch'];
    const valid = [...invocation.adapter.incrementalStrategies, 'default'];
    if (builtin.includes(strategy) && !valid.includes(strategy)) {
      throw new PyError(`The incremental strategy '${strategy}' is not valid for this adapter`);
    }
    const name = `get_incremental_${strategy.replace('+', '_')}_sql`;
    const macro = macros.find(name);
    if (!macro) {
      throw new PyError(
        `dbt could not find an incremental strategy macro with the name '${name}' in ${invocation.root.name}`,
      );
    }
    return macro;
  },
  convert_type: ({ positional: [table, index] }, { invocation }) => {
    const kind = table instanceof TableValue ? (table.types[wholeOf(index) ?? 0] ?? 'Text') : 'Text';
    const { types } = invocation.adapter;
    const names: Readonly<Record<string, string>> = {
      Integer: types.integer,
      Number: types.number,
      Boolean: types.boolean,
      Date: types.date,
      DateTime: types.datetime,
      TimeDelta: types.time,
    };
    return names[kind] ?? types.text;
  },
  column_from_row: ({ positional: [row] }, { invocation }) => {
    const [name = '', type = '', size = null, precision = null, scale = null] = row === undefined ? [] : iterate(row);
    return new Column(invocation.adapter, {
      name: str(name),
      dtype: str(type),
      charSize: wholeOf(size),
      precision: wholeOf(precision),
      scale: wholeOf(scale),
    });
  },
  convert_datetimes_to_strs: ({ positional: [table = null] }) => table,
  escape_sql_string: ({ positional: [value = ''] }) => str(value).replaceAll("'", "''"),
  get_seed_file_path: ({ positional: [model = null] }) => {
    const part = (key: string): string =>
      model instanceof PyObject ? str(model.item(key) ?? model.attribute(key) ?? '') : '';
    const path = join(part('root_path'), part('original_file_path'));
    if (!existsSync(path)) throw new PyError(`the seed ${path} is not there`);
    return path;
  },
  is_motherduck: () => false,
  disable_transactions: (_given, { invocation }) => invocation.target.credentials['disable_transactions'] === true,
  is_ducklake: () => false,
  use_ducklake_table_workarounds: () => false,
  catalog_supports_foreign_keys: () => true,
  existing_key_constraint_types: () => [],
  external_root: (_given, { invocation }) => {
    const root = invocation.target.credentials['external_root'];
    return typeof root === 'string' ? root : '.';
  },
  get_binding_char: () => '?',
  warn_once: (given, { invocation }) => {
    invocation.say(`warning: ${str(given.positional[0] ?? '')}`, true);
    return '';
  },
  external_write_options: ({ positional: [location = '', options = null] }) => writeOptions(str(location), options),
  external_read_location: ({ positional: [location = '', options = null] }) => readLocation(str(location), options),
  parse_index: ({ positional: [index = null] }) => index,
  get_partitions_metadata: () => new Tuple([]),
  date_function: (_given, { invocation }) => invocation.adapter.dateFunction,
};

/** The quoting of the project, over the adapter's own. */
export function quotingOf({ adapter, root }: Pick<Invocation, 'adapter' | 'root'>): {
  readonly database: boolean;
  readonly schema: boolean;
  readonly identifier: boolean;
} {
  const { quoting } = root.project;
  return {
    database: quoting['database'] ?? quoting['project'] ?? adapter.quotes.database,
    schema: quoting['schema'] ?? quoting['dataset'] ?? adapter.quotes.schema,
    identifier: quoting['identifier'] ?? adapter.quotes.identifier,
  };
}

function quoted({ adapter }: Invocation, name: string): string {
  return `${adapter.quoteCharacter}${name}${adapter.quoteCharacter}`;
}

function hardDeletes(config: Value | undefined): Value {
  const get = (key: string): Value =>
    config instanceof PyObject ? (firstOf(config.item(key), config.attribute(key)) ?? null) : null;
  const chosen = get('hard_deletes');
  const old = get('invalidate_hard_deletes');
  if (old !== null && chosen !== null) {
    throw new PyError(
      "You cannot set both the 'invalidate_hard_deletes' and 'hard_deletes' config properties on the same snapshot.",
    );
  }
  if (isTrue(old) || chosen === 'invalidate') return 'invalidate';
  if (chosen === 'new_record') return 'new_record';
  if (chosen === null || chosen === 'ignore') return 'ignore';
  throw new PyError('Invalid setting for property hard_deletes.');
}

/** The options of DuckDB's COPY for an external model. */
function writeOptions(location: string, given: Value): string {
  const options = new Map(
    (given instanceof Dict ? given.entries() : []).map(([key, value]) => [str(key), value] as const),
  );
  if (!options.has('format')) {
    const parts = location.split('/').at(-1)?.split('.') ?? [];
    const last = parts.at(-1)?.toLowerCase() ?? '';
    const compression = last === 'gz' ? 'gzip' : last === 'zst' ? 'zstd' : undefined;
    const ending = compression ? parts.at(-2) : parts.length > 1 ? last : undefined;
    options.set('format', ending ?? (options.has('delimiter') ? 'csv' : 'parquet'));
    if (compression && !options.has('compression')) options.set('compression', compression);
  }
  if (options.get('format') === 'csv' && !options.has('header')) options.set('header', 1);
  const partition = options.get('partition_by');
  if (typeof partition === 'string' && partition.includes(',') && !partition.startsWith('('))
    options.set('partition_by', `(${partition})`);
  return [...options]
    .map(([key, value]) => {
      const text = str(value);
      return ['delimiter', 'quote', 'escape', 'null'].includes(key.toLowerCase()) && !text.startsWith("'")
        ? `${key} '${text}'`
        : `${key} ${text}`;
    })
    .join(', ');
}

function readLocation(location: string, options: Value): string {
  const get = (key: string): Value => (options instanceof Dict ? (options.get(key) ?? null) : null);
  const partition = get('partition_by');
  if (!isTrue(partition) && !isTrue(get('per_thread_output'))) return location;
  const stars = isTrue(partition)
    ? str(partition)
        .split(',')
        .map(() => '*')
    : [];
  return `${[location, '*', ...stars].join('/')}.${str(get('format') ?? 'parquet')}`;
}

/** A response prints as its message and has dbt's fields. */
export function responseValue({
  message,
  code,
  rowsAffected,
}: {
  readonly message: string;
  readonly code: string;
  readonly rowsAffected: number | undefined;
}): Bag {
  return new Bag('AdapterResponse', { _message: message, code, rows_affected: rowsAffected ?? null }, message);
}

/** `adapter` and `api` of dbt. */
export class AdapterObject extends PyObject {
  readonly type = 'Adapter';
  private readonly options: AdapterOptions;
  constructor(options: AdapterOptions) {
    super();
    this.options = options;
  }

  override attribute(name: string): Value | undefined {
    const { options } = this;
    if (name === 'dispatch') return new Fn('dispatch', (given) => options.macros.dispatch(given));
    if (name === 'Relation') return relationClass(options.invocation);
    if (name === 'Column') return columnClass(options.invocation.adapter);
    if (name === 'config') return new Bag('config', { project_name: options.invocation.root.name });
    if (name === 'behavior') return new Bag('Behavior', {});
    if (name === 'is_cancelable') return new Fn(name, () => true);
    const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
    if (plain) return new Fn(name, (given) => plain(given, options));
    const asking = Object.hasOwn(ASKING, name) ? ASKING[name] : undefined;
    if (!asking) return undefined;
    return new Fn(name, (given) => (options.session ? asking.run(given, options) : asking.atParse()));
  }

  print(): string {
    return `<${this.options.invocation.adapter.type} adapter>`;
  }
}

const TYPES = {
  Table: 'table',
  View: 'view',
  CTE: 'cte',
  MaterializedView: 'materialized_view',
  External: 'external',
  Function: 'function',
};

function relationClass(invocation: Invocation): Bag {
  const make = (given: Arguments): Relation => createRelation(invocation.adapter, given, quotingOf(invocation));
  return new Bag('Relation', {
    ...TYPES,
    create: new Fn('create', make),
    scd_args: new Fn('scd_args', ({ positional: [key = '', updated = ''] }) => [
      ...(Array.isArray(key) ? key : [key]),
      updated,
    ]),
    add_ephemeral_prefix: new Fn('add_ephemeral_prefix', ({ positional: [name = ''] }) => `__dbt__cte__${str(name)}`),
    get_default_quote_policy: new Fn(
      'get_default_quote_policy',
      () => new Dict(Object.entries(invocation.adapter.quotes)),
    ),
  });
}

/** `api.Relation`, `api.Column`. */
export function apiValue(invocation: Invocation): Bag {
  return new Bag('api', { Relation: relationClass(invocation), Column: columnClass(invocation.adapter) });
}

/** How many, where a template gives a number. */
export function wholeOf(value: Value | undefined): number | undefined {
  const number = value === undefined ? undefined : numberOf(value);
  return number === undefined ? undefined : Number(number);
}
