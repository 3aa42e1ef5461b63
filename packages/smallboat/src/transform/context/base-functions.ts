import { createHash } from 'node:crypto';
import { Scalar, stringify } from 'yaml';
import { fromPlain, toJson, toPlain } from '../jinja/json.ts';
import { JINJA_GLOBALS } from '../jinja/globals.ts';
import { MacroReturn } from '../jinja/run.ts';
import { DateTime } from '../jinja/datetime.ts';
import { UTC } from '../jinja/time-zone.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Bag, Dict, Float, Fn, PyError, firstOf, isTrue, iterate, str } from '../jinja/value.ts';
import { projectErrors } from '../project/errors.ts';
import { parseYaml } from '../project/yaml-file.ts';
import type { Invocation } from './invocation.ts';
import { DBT_VERSION } from './invocation.ts';

const argument = (given: Arguments, place: number, name: string): Value | undefined =>
  firstOf(given.positional[place], given.named.get(name));

/** Runs `work`; gives `default` where it fails, as dbt's `fromjson` and its like do. */
function orDefault(given: Arguments, place: number, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return argument(given, place, 'default') ?? null;
  }
}

/** `env_var(name, default)`. */
export function envFunction(env: Readonly<Record<string, string | undefined>>, from: string): Fn {
  return new Fn('env_var', (given) => {
    const name = str(argument(given, 0, 'var') ?? '');
    const value = env[name];
    if (value !== undefined) return value;
    const otherwise = argument(given, 1, 'default') ?? null;
    if (otherwise === null) throw projectErrors.ENV_VAR_MISSING({ name, from });
    return otherwise;
  });
}

export interface VarOptions {
  /** The file that asks, for messages. */
  readonly from: string;
  readonly isParsing: boolean;
  /** What makes a text of a template, where the values may be templates. */
  readonly render?: (text: string) => Promise<string>;
}

/** `var(name, default)` and `var.has_var(name)` over what `find` knows. A missing one is None while a project is read. */
export function varFunction(find: (name: string) => unknown, { from, isParsing, render }: VarOptions): Fn {
  return new Fn(
    'var',
    (given) => {
      const name = str(argument(given, 0, 'var_name') ?? '');
      const value = find(name);
      // A text is a template itself: it may call the project's macros.
      if (typeof value === 'string' && render && /\{[{%#]/.test(value)) return render(value);
      if (value !== undefined) return fromPlain(value);
      const otherwise = argument(given, 1, 'default');
      if (otherwise !== undefined && otherwise !== null) return otherwise;
      if (otherwise === null || isParsing) return null;
      throw projectErrors.VAR_MISSING({ name, from });
    },
    { has_var: new Fn('has_var', ({ positional: [name = ''] }) => find(str(name)) !== undefined) },
  );
}

const returnFunction = new Fn('return', ({ positional: [value = null] }) => {
  throw new MacroReturn(value);
});

const fixed: Readonly<Record<string, Value>> = {
  ...JINJA_GLOBALS,
  return: returnFunction,
  dbt_version: DBT_VERSION,
  fromjson: new Fn('fromjson', (given) =>
    orDefault(given, 1, () => fromPlain(JSON.parse(str(argument(given, 0, 'string') ?? '')))),
  ),
  tojson: new Fn('tojson', (given) =>
    orDefault(given, 1, () =>
      toJson(argument(given, 0, 'value') ?? null, isTrue(argument(given, 2, 'sort_keys') ?? false)),
    ),
  ),
  fromyaml: new Fn('fromyaml', (given) =>
    orDefault(given, 1, () =>
      fromPlain(parseYaml(str(argument(given, 0, 'value') ?? ''), 'fromyaml', { keepsFloats: true }).data),
    ),
  ),
  toyaml: new Fn('toyaml', (given) => {
    const isSorted = isTrue(argument(given, 2, 'sort_keys') ?? false);
    return stringify(forYaml(argument(given, 0, 'value') ?? null), {
      sortMapEntries: isSorted,
      lineWidth: 80,
      indentSeq: false,
      singleQuote: true,
      version: '1.1',
    });
  }),
  local_md5: new Fn('local_md5', (given) =>
    createHash('md5')
      .update(str(argument(given, 0, 'value') ?? ''))
      .digest('hex'),
  ),
  diff_of_two_dicts: new Fn('diff_of_two_dicts', (given) => diffOfDicts(given)),
};

/** As plain data, with the floats that are whole written as floats. */
function forYaml(value: Value): unknown {
  if (value instanceof Float && Number.isInteger(value.number)) {
    const scalar = new Scalar(value.number);
    scalar.minFractionDigits = 1;
    return scalar;
  }
  if (Array.isArray(value)) return value.map(forYaml);
  if (value instanceof Dict) return Object.fromEntries(value.entries().map(([key, item]) => [str(key), forYaml(item)]));
  return toPlain(value);
}

/** Of lists under keys of the first dict what the second has not under that key, compared without case. */
function diffOfDicts(given: Arguments): Dict {
  const lower = (dict: Value | undefined): Map<string, string[]> =>
    new Map(
      (dict instanceof Dict ? dict.entries() : []).map(([key, values]) => [
        str(key).toLowerCase(),
        iterate(values).map((one) => str(one).toLowerCase()),
      ]),
    );
  const [first, second] = [argument(given, 0, 'dict_a'), argument(given, 1, 'dict_b')];
  const other = lower(second);
  const diff = new Dict();
  for (const [key, values] of first instanceof Dict ? first.entries() : []) {
    const known = other.get(str(key).toLowerCase()) ?? [];
    const left = iterate(values).filter((one) => !known.includes(str(one).toLowerCase()));
    if (left.length > 0) diff.set(key, [...left]);
  }
  return diff;
}

/** Names that do not hang on a node. */
export function baseFunctions(invocation: Invocation, from: string): Readonly<Record<string, Value | (() => Value)>> {
  const { startedAt, root, env, id, modules, flags } = invocation;
  return {
    ...fixed,
    env_var: envFunction(env, from),
    env: new Dict(),
    debug: new Fn('debug', () => ''),
    log: new Fn('log', (given) => {
      const message = argument(given, 0, 'msg') ?? '';
      invocation.say(str(message), isTrue(argument(given, 1, 'info') ?? false));
      return '';
    }),
    print: new Fn('print', (given) => {
      invocation.say(str(argument(given, 0, 'msg') ?? ''), true);
      return '';
    }),
    run_started_at: new DateTime(startedAt, true, UTC),
    invocation_id: id,
    thread_id: 'Thread-1 (worker)',
    modules,
    project_name: root.name,
    flags: () => flagsValue(invocation),
    invocation_args_dict: () => fromPlain(flags.all),
    dbt_metadata_envs: () =>
      new Dict(
        Object.entries(env).flatMap(([name, value]) =>
          name.startsWith('DBT_ENV_CUSTOM_ENV_')
            ? [[name.slice('DBT_ENV_CUSTOM_ENV_'.length), value ?? ''] as const]
            : [],
        ),
      ),
    target: () => targetValue(invocation),
    selected_resources: () => [...invocation.selected],
    exceptions: exceptionsValue(invocation),
  };
}

function flagsValue({ flags }: Invocation): Bag {
  const upper = Object.entries(flags.all).flatMap(([name, value]) => [
    [name.toUpperCase(), fromPlain(value)] as const,
    [name, fromPlain(value)] as const,
  ]);
  return new Bag('Flags', {
    ...Object.fromEntries(upper),
    WHICH: flags.which,
    which: flags.which,
    FULL_REFRESH: flags.fullRefresh,
    STORE_FAILURES: flags.storeFailures,
    EMPTY: flags.isEmpty,
  });
}

const SECRETS = /pass|token|secret|private_key|keyfile/i;

function targetValue({ target, database }: Invocation): Dict {
  const shown = Object.entries(target.credentials).filter(([key]) => !SECRETS.test(key));
  return new Dict([
    ...shown.map(([key, value]) => [key, fromPlain(value)] as const),
    ['database', database],
    ['dbname', database],
    ['schema', target.schema],
    ['type', target.type],
    ['threads', target.threads],
    ['name', target.name],
    ['target_name', target.name],
    ['profile_name', target.profile],
  ]);
}

/** `exceptions.…`: what templates raise. */
function exceptionsValue(invocation: Invocation): Bag {
  const raising = (name: string, text: (given: Arguments) => string): readonly [string, Fn] => [
    name,
    new Fn(name, (given) => {
      throw new PyError(text(given));
    }),
  ];
  const first = (given: Arguments): string => str(firstOf(given.positional[0], ...given.named.values()) ?? '');
  const names = [
    'raise_compiler_error',
    'raise_database_error',
    'raise_not_implemented',
    'raise_dependency_error',
    'raise_cache_inconsistent',
    'raise_dataclass_not_dict',
    'raise_fail_fast_error',
    'raise_duplicate_resource_name',
    'raise_ambiguous_alias',
    'raise_ambiguous_catalog_match',
    'raise_duplicate_patch_name',
    'raise_dep_not_found',
    'missing_materialization',
    'raise_invalid_property_yml_version',
    'missing_relation',
  ];
  const warn = new Fn('warn', (given) => {
    const message = first(given);
    if (invocation.flags.warnError) throw new PyError(message);
    invocation.say(`warning: ${message}`, true);
    return '';
  });
  return new Bag('exceptions', {
    ...Object.fromEntries(names.map((name) => raising(name, first))),
    ...Object.fromEntries([
      raising(
        'missing_config',
        (given) =>
          `Model '${str(given.positional[0] ?? '')}' does not define a required config parameter '${str(given.positional[1] ?? '')}'.`,
      ),
      raising('relation_wrong_type', ({ positional: [relation = '', expected = ''] }) => {
        const type =
          typeof relation === 'object' && relation !== null && !Array.isArray(relation)
            ? relation.attribute('type')
            : undefined;
        return `Trying to create ${str(expected)} ${str(relation)}, but it currently exists as a ${str(type ?? null)}. Either drop ${str(relation)} manually, or run dbt with --full-refresh and dbt will drop it for you.`;
      }),
      raising(
        'column_type_missing',
        (given) =>
          `Contracted models require data_type to be defined for each column. Please ensure that the column name and data_type are defined within the YAML configuration for the ${str(argument(given, 0, 'column_names') ?? '')} column(s).`,
      ),
      raising('raise_contract_error', ({ positional: [yaml = [], sql = []] }) => contractProblem(yaml, sql)),
    ]),
    warn,
    warn_snapshot_timestamp_data_types: new Fn(
      'warn_snapshot_timestamp_data_types',
      ({ positional: [snapshot = '', updated = ''] }) => {
        invocation.say(
          `warning: Data type of snapshot table timestamp columns (${str(snapshot)}) doesn't match derived column 'updated_at' (${str(updated)}). Please update snapshot config 'updated_at'.`,
          true,
        );
        return '';
      },
    ),
    CompilationError: 'CompilationError',
  });
}

/** In which columns a contract and the SQL differ, as a table. */
function contractProblem(yaml: Value, sql: Value): string {
  const read = (columns: Value): Map<string, { name: string; type: string }> =>
    new Map(
      iterate(columns).map((one) => {
        const part = (key: string): string => (one instanceof Dict ? str(one.get(key) ?? '') : '');
        const name = part('name');
        return [
          name.toLowerCase(),
          { name, type: part('formatted') !== '' ? part('data_type') : part('data_type') },
        ] as const;
      }),
    );
  const [wanted, got] = [read(yaml), read(sql)];
  const rows: string[][] = [];
  for (const key of new Set([...wanted.keys(), ...got.keys()])) {
    const [a, b] = [got.get(key), wanted.get(key)];
    if (!a && b) rows.push([b.name, '', b.type, 'missing in definition']);
    else if (a && !b) rows.push([a.name, a.type, '', 'missing in contract']);
    else if (a && b && a.type.toLowerCase() !== b.type.toLowerCase())
      rows.push([b.name, a.type, b.type, 'data type mismatch']);
  }
  const head = ['column_name', 'definition_type', 'contract_type', 'mismatch_reason'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [
    'This model has an enforced contract that failed.',
    "Please ensure the name, data_type, and number of columns in your contract match the columns in your model's definition.",
    '',
    line(head),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
  ].join('\n');
}
