import { createHash } from 'node:crypto';
import { parse as parseYaml, stringify as stringifyYaml } from 'yaml';
import type { Warehouse } from '../../warehouse/index.ts';
import { JINJA_GLOBALS } from '../jinja/globals.ts';
import { fromPlain, toJson, toPlain } from '../jinja/json.ts';
import { DateTime, modulesAt } from '../jinja/modules.ts';
import { MacroReturn } from '../jinja/run.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Bag, Dict, Fn, PyError, firstOf, str } from '../jinja/value.ts';
import { projectErrors } from '../project/errors.ts';
import type { Macro, Target } from '../project/project.ts';
import { macroLookup } from './macro-lookup.ts';
import { Relation } from './relation.ts';
import { warehouseFunctions } from './warehouse-functions.ts';

/** What all nodes of one invocation share. */
export interface Invocation {
  readonly project: string;
  readonly target: Target;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly macros: readonly Macro[];
  readonly invocationId: string;
  readonly startedAt: Date;
  /** The warehouse's own database. */
  readonly database: string;
  /** Undefined while the project is read: then nothing is asked of a warehouse. */
  readonly warehouse?: Warehouse;
  readonly signal?: AbortSignal;
  /** What `log(…, info=True)`, `print` and `exceptions.warn` say. */
  readonly say: (message: string) => void;
  /** For `graph` and `selected_resources`. */
  readonly graph?: Value;
}

/** What is special to one node. */
export interface NodeContext {
  readonly uniqueId: string;
  readonly name: string;
  readonly file: string;
  readonly self: Relation;
  readonly model: Readonly<Record<string, unknown>>;
  /** Its configuration, for `config.get`. */
  readonly config: () => Readonly<Record<string, unknown>>;
  readonly onConfig: (given: Readonly<Record<string, unknown>>) => void;
  readonly ref: (given: Arguments) => Value;
  readonly source: (given: Arguments) => Value;
}

/** Names that the templates of a node may use, as in dbt. */
export function contextOf(invocation: Invocation, node: NodeContext): (name: string) => Value | undefined {
  const isLenient = invocation.warehouse === undefined;
  const macros = macroLookup({
    macros: invocation.macros,
    project: invocation.project,
    adapter: invocation.target.type,
    isLenient,
    globals: (name) => globals(name),
  });
  const asked = invocation.warehouse
    ? warehouseFunctions({ ...invocation, warehouse: invocation.warehouse })
    : undefined;
  const fixed: Readonly<Record<string, Value>> = {
    ...basics(invocation, node),
    ...statementFunctions(asked, node),
    adapter: new Bag('adapter', {
      dispatch: new Fn('dispatch', ({ positional, named }) => {
        const namespace = positional[1] ?? named.get('macro_namespace') ?? null;
        return macros.dispatch(
          str(positional[0] ?? named.get('macro_name') ?? ''),
          namespace === null ? undefined : str(namespace),
        );
      }),
      quote: new Fn('quote', ({ positional: [name = ''] }) => `"${str(name).replaceAll('"', '""')}"`),
      type: new Fn('type', () => invocation.target.type),
      ...asked?.adapter,
      ...(asked
        ? {}
        : {
            get_relation: new Fn('get_relation', () => null),
            get_columns_in_relation: new Fn('get_columns_in_relation', () => []),
          }),
    }),
  };
  const globals = (name: string): Value | undefined => {
    if (name === 'builtins') return new Bag('builtins', fixed);
    // A macro of the project replaces what dbt gives under that name; dbt's own come after.
    const own = macros.find(name);
    if (own !== undefined && invocation.macros.some((one) => one.name === name && one.package === invocation.project))
      return own;
    const value = Object.hasOwn(fixed, name) ? fixed[name] : undefined;
    const usual = Object.hasOwn(JINJA_GLOBALS, name) ? JINJA_GLOBALS[name] : undefined;
    return firstOf(value, own, macros.namespace(name), usual);
  };
  return globals;
}

function basics(invocation: Invocation, node: NodeContext): Record<string, Value> {
  const { say } = invocation;
  const text = (value: Value | undefined): string => str(value ?? '');
  const stamp = new DateTime(invocation.startedAt, true);
  return {
    ref: new Fn('ref', node.ref),
    source: new Fn('source', node.source),
    config: configFunction(node),
    var: varFunction(invocation, node.file),
    env_var: new Fn('env_var', ({ positional: [name, otherwise] }) => {
      const value = invocation.env[text(name)];
      if (value !== undefined) return value;
      if (otherwise !== undefined) return otherwise;
      throw projectErrors.ENV_VAR_MISSING({ name: text(name), from: node.file });
    }),
    this: node.self,
    target: targetValue(invocation),
    execute: invocation.warehouse !== undefined,
    is_incremental: new Fn('is_incremental', () => false),
    return: new Fn('return', ({ positional: [value = null] }) => {
      throw new MacroReturn(value);
    }),
    log: new Fn('log', ({ positional: [message, info], named }) => {
      if ((info ?? named.get('info')) === true) say(text(message));
      return '';
    }),
    print: new Fn('print', ({ positional: [message] }) => {
      say(text(message));
      return '';
    }),
    exceptions: new Bag('exceptions', {
      raise_compiler_error: new Fn('raise_compiler_error', ({ positional: [message] }) => {
        throw new PyError(text(message));
      }),
      raise_not_implemented: new Fn('raise_not_implemented', ({ positional: [message] }) => {
        throw new PyError(text(message));
      }),
      warn: new Fn('warn', ({ positional: [message] }) => {
        say(`Warning: ${text(message)}`);
        return '';
      }),
    }),
    modules: modulesAt(invocation.startedAt),
    model: fromPlain(node.model),
    graph: invocation.graph ?? new Dict(),
    schema: node.self.schema ?? null,
    database: node.self.database ?? null,
    project_name: invocation.project,
    invocation_id: invocation.invocationId,
    run_started_at: stamp,
    thread_id: 'Thread-1',
    dbt_version: DBT_VERSION,
    flags: new Bag('flags', { FULL_REFRESH: false, STORE_FAILURES: false, WHICH: 'build' }),
    invocation_args_dict: new Dict(),
    api: new Bag('api', {
      Relation: new Bag('Relation', {
        create: new Fn('create', ({ named }) => {
          const part = (name: string): string | undefined => {
            const value = named.get(name) ?? null;
            return value === null ? undefined : str(value);
          };
          return new Relation({
            database: part('database'),
            schema: part('schema'),
            identifier: part('identifier') ?? '',
          });
        }),
      }),
    }),
    tojson: new Fn('tojson', ({ positional: [value = null], named }) => toJson(value, named.get('sort_keys') === true)),
    fromjson: new Fn('fromjson', ({ positional: [value] }) => fromPlain(JSON.parse(text(value)))),
    toyaml: new Fn('toyaml', ({ positional: [value = null] }) => stringifyYaml(toPlain(value))),
    fromyaml: new Fn('fromyaml', ({ positional: [value] }) => fromPlain(parseYaml(text(value)))),
    local_md5: new Fn('local_md5', ({ positional: [value] }) => createHash('md5').update(text(value)).digest('hex')),
    doc: new Fn('doc', () => ''),
  };
}

/** The version of dbt whose behaviour we follow, for `dbt_version` and run_results.json. */
export const DBT_VERSION = '1.11.0';

function targetValue({ target, database }: Invocation): Bag {
  return new Bag('target', {
    name: target.name,
    target_name: target.name,
    profile_name: target.profile,
    schema: target.schema,
    database,
    dbname: database,
    type: target.type,
    threads: target.threads,
  });
}

function configFunction(node: NodeContext): Fn {
  const get = ({ positional: [name = ''], named, positional }: Arguments): Value => {
    const value = node.config()[str(name)];
    return value === undefined || value === null ? (positional[1] ?? named.get('default') ?? null) : fromPlain(value);
  };
  return new Fn(
    'config',
    ({ positional: [first], named }) => {
      const given = first instanceof Dict ? toPlain(first) : {};
      node.onConfig({
        ...(given as Record<string, unknown>),
        ...(toPlain(new Dict(named)) as Record<string, unknown>),
      }); // a dict's plain form is a record
      return '';
    },
    {
      get: new Fn('get', get),
      require: new Fn('require', (given) => {
        const value = get(given);
        if (value === null) throw new PyError(`config.require: '${str(given.positional[0] ?? '')}' is not configured`);
        return value;
      }),
      persist_relation_docs: new Fn('persist_relation_docs', () => false),
      persist_column_docs: new Fn('persist_column_docs', () => false),
    },
  );
}

/** `var(name, default)` and `var.has_var(name)`. */
export function varFunction({ vars }: Pick<Invocation, 'vars'>, from: string): Fn {
  return new Fn(
    'var',
    ({ positional: [name = '', second], named }) => {
      const value = vars[str(name)];
      if (value !== undefined) return fromPlain(value);
      const otherwise = firstOf(second, named.get('default'));
      if (otherwise !== undefined) return otherwise;
      throw projectErrors.VAR_MISSING({ name: str(name), from });
    },
    { has_var: new Fn('has_var', ({ positional: [name = ''] }) => vars[str(name)] !== undefined) },
  );
}

function statementFunctions(
  asked: ReturnType<typeof warehouseFunctions> | undefined,
  node: NodeContext,
): Record<string, Value> {
  const results = new Map<string, Value>();
  return {
    run_query: new Fn('run_query', async ({ positional: [sql = ''] }) =>
      asked ? asked.run(str(sql), node.file) : null,
    ),
    statement: new Fn('statement', async ({ positional: [first], named }) => {
      const caller = named.get('caller');
      if (!(caller instanceof Fn)) throw new PyError("statement is used with a call block: '{% call statement(…) %}'");
      const sql = str(await caller.call({ positional: [], named: new Map() }));
      if (!asked) return '';
      const table = await asked.run(sql, node.file);
      const rows = table.attribute('rows') ?? [];
      results.set(str(first ?? named.get('name') ?? 'main'), new Bag('Result', { table, data: rows, response: 'OK' }));
      return '';
    }),
    load_result: new Fn('load_result', ({ positional: [name = ''] }) => results.get(str(name)) ?? null),
    ...(asked ? { load_relation: asked.loadRelation } : { load_relation: new Fn('load_relation', () => null) }),
  };
}
