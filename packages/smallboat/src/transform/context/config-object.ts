import { fromPlain, toPlain } from '../jinja/json.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Dict, Fn, PyError, firstOf, str } from '../jinja/value.ts';
import { isRecord, recordOf } from '../project/plain.ts';

const argument = (given: Arguments, place: number, name: string): Value | undefined =>
  firstOf(given.positional[place], given.named.get(name));

/** What a call of `config(…)` says. */
function given({ positional, named }: Arguments): Record<string, unknown> {
  const [first] = positional;
  if (positional.length > 1 || (first !== undefined && named.size > 0)) {
    throw new PyError('invalid inline model config: config() takes keyword arguments, or one dict');
  }
  const dict = first instanceof Dict ? first : new Dict(named);
  return recordOf(toPlain(dict));
}

/** `config` while a project is read: what it is called with is noted, and it knows nothing. */
export function parseConfig(onCall: (config: Record<string, unknown>) => void): Fn {
  const nothing = (name: string, value: Value): readonly [string, Fn] => [name, new Fn(name, () => value)];
  return new Fn(
    'config',
    (args) => {
      onCall(given(args));
      return '';
    },
    Object.fromEntries([
      nothing('get', ''),
      nothing('require', ''),
      nothing('meta_get', ''),
      nothing('meta_require', ''),
      nothing('persist_relation_docs', false),
      nothing('persist_column_docs', false),
      [
        'set',
        new Fn('set', ({ positional: [name = '', value = null] }) => {
          onCall({ [str(name)]: toPlain(value) });
          return '';
        }),
      ] as const,
    ]),
  );
}

const SNAPSHOT_COLUMNS = ['dbt_valid_to', 'dbt_valid_from', 'dbt_scd_id', 'dbt_updated_at', 'dbt_is_deleted'] as const;

/** What the columns that a snapshot adds are called, with the names that its configuration gives some of them. */
function snapshotColumns(config: Readonly<Record<string, unknown>>): Value {
  const given = recordOf(config['snapshot_meta_column_names']);
  return fromPlain(Object.fromEntries(SNAPSHOT_COLUMNS.map((name) => [name, given[name] ?? name])));
}

/** `config` while a node runs. */
export function runConfig(config: Readonly<Record<string, unknown>>, uniqueId: string): Fn {
  const meta = recordOf(config['meta']);
  const getting = (from: Readonly<Record<string, unknown>>, isRequired: boolean, name: string): Fn =>
    new Fn(name, (args) => {
      const key = str(argument(args, 0, 'name') ?? '');
      if (key === 'snapshot_table_column_names' && from === config) return snapshotColumns(config);
      if (Object.hasOwn(from, key)) return fromPlain(from[key]);
      if (isRequired) throw new PyError(`Model '${uniqueId}' does not define a required config parameter '${key}'.`);
      return argument(args, 1, 'default') ?? null;
    });
  const persists = (what: string): Fn =>
    new Fn(`persist_${what}`, () => {
      const persist = config['persist_docs'] ?? {};
      if (!isRecord(persist)) {
        throw new PyError(`Invalid value provided for 'persist_docs'. Expected dict but received ${typeof persist}`);
      }
      return persist[what] === true;
    });
  return new Fn('config', () => '', {
    get: getting(config, false, 'get'),
    require: getting(config, true, 'require'),
    meta_get: getting(meta, false, 'meta_get'),
    meta_require: getting(meta, true, 'meta_require'),
    set: new Fn('set', () => ''),
    persist_relation_docs: persists('relation'),
    persist_column_docs: persists('columns'),
  });
}
