import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Column } from '../adapter/column.ts';
import { columnLines, modelLines } from '../adapter/constraints.ts';
import { toPlain } from '../jinja/json.ts';
import type { Value } from '../jinja/value.ts';
import { Bag, Dict, Fn, PyError, PyObject, Tuple, firstOf, isTrue, iterate, str } from '../jinja/value.ts';
import { recordOf } from '../project/plain.ts';
import type { Method } from './adapter-options.ts';
import { argument, quoted, quotingOf, wholeOf } from './adapter-options.ts';
import { readLocation, writeOptions } from './external-files.ts';
import { TableValue } from './table-value.ts';

/** Methods that ask nobody. */
export const PLAIN: Readonly<Record<string, Method>> = {
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
        `dbt could not find an incremental strategy macro with the name "${name}" in ${invocation.root.name}`,
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
    const sized = invocation.adapter.sizedText;
    if (names[kind] === undefined && sized && table instanceof TableValue) {
      const bytes = table.rows.map((row) => Buffer.byteLength(str(row.items[wholeOf(index) ?? 0] ?? '')));
      return sized(bytes.length === 0 ? 64 : Math.max(1, ...bytes));
    }
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
  parse_index: ({ positional: [index = null] }) => (index instanceof Dict ? parsedIndex(index) : index),
  verify_database: (given, { invocation }) => {
    const name = str(argument(given, 0, 'database') ?? '').replaceAll('"', '');
    const { database, adapter } = invocation;
    const reachesOthers = adapter.type === 'redshift' && invocation.target.credentials['ra3_node'] === true;
    if (!reachesOthers && name.toLowerCase() !== database.toLowerCase())
      throw new PyError(`Cross-db references not allowed in ${adapter.type} (${name} vs ${database})`);
    return '';
  },
  get_partitions_metadata: () => new Tuple([]),
  date_function: (_given, { invocation }) => invocation.adapter.dateFunction,
};

/** An index that a model asks for: `{columns: […], unique: …, type: …}`. */
function parsedIndex(index: Dict): Bag {
  const columns = index.get('columns') ?? null;
  if (!Array.isArray(columns)) throw new PyError("an index must be a mapping with 'columns', a list of names");
  const unique = index.get('unique') ?? false;
  const type = index.get('type') ?? null;
  return new Bag('Index', {
    columns,
    unique,
    type,
    // As dbt: another name each time, for an index of the old table may still be there.
    render: new Fn('render', ({ positional: [relation = ''] }) =>
      createHash('md5')
        .update([...columns.map(str), str(relation), str(unique), str(type), new Date().toISOString()].join('_'))
        .digest('hex'),
    ),
  });
}

/** What a snapshot does with rows that are gone; `config` is that of templates, or a mapping. */
async function hardDeletes(config: Value | undefined): Promise<Value> {
  const get = async (key: string): Promise<Value> => {
    if (!(config instanceof PyObject)) return null;
    const getter = config.attribute('get');
    if (getter instanceof Fn) return getter.call({ positional: [key, null], named: new Map() });
    return firstOf(config.item(key), config.attribute(key)) ?? null;
  };
  const chosen = await get('hard_deletes');
  const old = await get('invalidate_hard_deletes');
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
