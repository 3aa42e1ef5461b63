import type { Relation } from '../adapter/relation.ts';
import type { RelationCache } from '../adapter/relation-cache.ts';
import type { Session } from '../adapter/session.ts';
import { fromPlain } from '../jinja/json.ts';
import type { RenderOptions } from '../jinja/run.ts';
import { render } from '../jinja/run.ts';
import { parseTemplate } from '../jinja/parse.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Bag, Dict, Fn, PyError, PyObject, Tuple, firstOf, str } from '../jinja/value.ts';
import type { Macro } from '../macros/registry.ts';
import type { RefArguments } from '../manifest/node.ts';
import { AdapterObject, apiValue } from './adapter-object.ts';
import { baseFunctions, varFunction } from './base-functions.ts';
import { parseConfig, runConfig } from './config-object.ts';
import type { Invocation } from './invocation.ts';
import { MacroFunctions } from './macro-functions.ts';
import { nameWithPackage, refOf, sourceOf } from './reference.ts';
import { TableValue } from './table-value.ts';
import { varsFor } from './vars.ts';

/** What is known of the node whose templates are rendered: a node of the manifest, or a macro that is run by itself. */
export interface ContextNode {
  readonly unique_id: string;
  readonly name: string;
  readonly package_name: string;
  readonly original_file_path: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly database?: string | null;
  readonly schema?: string | null;
}

/** What references mean. While a project is read they are noted, when a node runs they are looked up. */
export interface References {
  ref(given: RefArguments): Value | Promise<Value>;
  source(source: string, table: string): Value | Promise<Value>;
  metric(given: readonly string[]): Value;
  function(given: readonly string[]): Value;
}

export interface NodeContextOptions {
  readonly invocation: Invocation;
  readonly node: ContextNode;
  readonly references: References;
  /** What `this` is. */
  readonly self: Relation | undefined;
  /** While a project is read: told what `config(…)` is called with. Undefined when the node runs. */
  readonly onConfig?: ((config: Record<string, unknown>) => void) | undefined;
  readonly onMacro?: (macro: Macro) => void;
  readonly session: Session | undefined;
  readonly cache: RelationCache;
  /** Names beside: `sql`, `pre_hooks`. */
  readonly extra?: Readonly<Record<string, Value>>;
  readonly overrides?: ReadonlyMap<string, Value>;
  /** Variables that go before all others. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** Writes what `write(…)` is given: the SQL that was run. */
  readonly onWrite?: (text: string) => void;
  /** Reads a seed's rows. */
  readonly loadSeed?: () => Promise<TableValue>;
}

/** What the statements of a node gave, by their names. */
export type Statements = Map<
  string,
  { readonly response: Value; readonly table: TableValue; readonly isGiven?: boolean }
>;

/** All that the templates of one node find by name. */
export interface NodeContext {
  readonly options: RenderOptions;
  readonly macros: MacroFunctions;
  readonly statements: Statements;
  global(name: string): Value | undefined;
  render(text: string, file: string): Promise<string>;
}

export function nodeContext(given: NodeContextOptions): NodeContext {
  const { invocation, node, references, self, session, cache } = given;
  const isParsing = given.onConfig !== undefined;
  const made = new Map<string, Value>();
  const statements: Statements = new Map();
  const macros = new MacroFunctions({
    registry: invocation.registry,
    from: node.package_name,
    globals: (name) => global(name),
    isLenient: isParsing,
    ...(given.onMacro ? { onCall: given.onMacro } : {}),
    ...(given.overrides ? { overrides: given.overrides } : {}),
  });
  const options: RenderOptions = { globals: (name) => global(name), isLenient: isParsing };
  const from = node.original_file_path;
  const base = baseFunctions(invocation, from);
  const find = varsFor(invocation, node.package_name);
  const findVar = (name: string): unknown =>
    given.vars && Object.hasOwn(given.vars, name) ? given.vars[name] : find(name);
  const config = node.config ?? {};
  const ref = new Fn('ref', (args) => references.ref(refOf(args)), { id: 'ref' });
  const source = new Fn('source', (args) => references.source(...sourceOf(args)));
  const configValue = given.onConfig ? parseConfig(given.onConfig) : runConfig(config, node.unique_id);

  const renderText = async (text: string, file: string): Promise<string> =>
    render(parseTemplate({ file, text }), options);

  const own: Readonly<Record<string, () => Value>> = {
    ref: () => ref,
    source: () => source,
    metric: () => new Fn('metric', (args) => references.metric(nameWithPackage(args))),
    function: () => new Fn('function', (args) => references.function(nameWithPackage(args))),
    config: () => configValue,
    builtins: () => new Bag('builtins', { ref, source, config: configValue }),
    var: () => varFunction(findVar, { from, isParsing, render: (text) => renderText(text, 'vars') }),
    this: () => self ?? null,
    model: () => fromPlain(node),
    graph: () => (invocation.graph ??= graphValue(invocation)),
    database: () => node.database ?? invocation.database,
    schema: () => node.schema ?? invocation.target.schema,
    execute: () => !isParsing,
    adapter: () => new AdapterObject({ invocation, macros, session, cache }),
    api: () => apiValue(invocation),
    column: () => null,
    context: () => new ContextValue((name) => global(name)),
    results: () => invocation.results ?? [],
    pre_hooks: () => fromPlain(config['pre-hook'] ?? []),
    post_hooks: () => fromPlain(config['post-hook'] ?? []),
    store_result: () => storeResult(statements),
    store_raw_result: () =>
      new Fn('store_raw_result', (args) => {
        const text = (name: string, place: number): string =>
          str(firstOf(args.named.get(name), args.positional[place]) ?? '');
        const table = firstOf(args.named.get('agate_table'), args.positional[4]);
        const response = new Bag(
          'AdapterResponse',
          { _message: text('message', 1), code: text('code', 2), rows_affected: text('rows_affected', 3) },
          text('message', 1),
        );
        statements.set(text('name', 0), {
          response,
          table: table instanceof TableValue ? table : new TableValue([], []),
        });
        return '';
      }),
    load_result: () =>
      new Fn('load_result', ({ positional: [name = ''] }) => {
        const result = statements.get(str(name));
        if (!result) return null;
        // As dbt: a result is given once, but for that of the node itself.
        if (result.isGiven === true)
          throw new PyError(`The 'statement' result named '${str(name)}' has already been loaded into a variable`);
        if (str(name) !== 'main') statements.set(str(name), { ...result, isGiven: true });
        const { table, response } = result;
        return new Dict([
          ['response', response],
          ['data', table.rows.map((row) => new Tuple(row.items))],
          ['table', table],
        ]);
      }),
    write: () =>
      new Fn('write', ({ positional: [text = ''] }) => {
        given.onWrite?.(str(text));
        return '';
      }),
    render: () => new Fn('render', ({ positional: [text = ''] }) => renderText(str(text), from)),
    try_or_compiler_error: () =>
      new Fn('try_or_compiler_error', async ({ positional: [message = '', fn, ...rest], named }) => {
        if (!(fn instanceof Fn)) throw new PyError('try_or_compiler_error takes a function');
        try {
          return await fn.call({ positional: rest, named });
        } catch (error) {
          throw error instanceof Error ? new PyError(str(message), { cause: error }) : error;
        }
      }),
    load_agate_table: () =>
      new Fn('load_agate_table', async () => {
        if (!given.loadSeed) throw new PyError('load_agate_table is for seeds');
        return given.loadSeed();
      }),
    validation: () => new Bag('validation', { any: new BagOfAny() }),
    defer_relation: () => null,
    submit_python_job: () =>
      new Fn('submit_python_job', () => {
        throw new PyError('Python models are not supported: Smallboat runs no Python');
      }),
  };

  function global(name: string): Value | undefined {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = lookUp(name);
    if (value !== undefined) made.set(name, value);
    return value;
  }

  function lookUp(name: string): Value | undefined {
    const macro = macros.find(name) ?? macros.namespace(name);
    if (macro !== undefined) return macro;
    const extra = given.extra && Object.hasOwn(given.extra, name) ? given.extra[name] : undefined;
    if (extra !== undefined) return extra;
    if (Object.hasOwn(own, name)) return own[name]?.();
    const value = Object.hasOwn(base, name) ? base[name] : undefined;
    return typeof value === 'function' ? value() : value;
  }

  return { options, macros, statements, global, render: renderText };
}

function storeResult(statements: Statements): Fn {
  return new Fn('store_result', (args: Arguments) => {
    const name = str(firstOf(args.positional[0], args.named.get('name')) ?? '');
    const response = firstOf(args.positional[1], args.named.get('response')) ?? null;
    const table = firstOf(args.positional[2], args.named.get('agate_table'));
    statements.set(name, { response, table: table instanceof TableValue ? table : new TableValue([], []) });
    return '';
  });
}

/** `context`: all names as a mapping. */
class ContextValue extends PyObject {
  readonly type = 'dict';
  private readonly find: (name: string) => Value | undefined;
  constructor(find: (name: string) => Value | undefined) {
    super();
    this.find = find;
  }
  override item(key: Value): Value | undefined {
    return this.find(str(key));
  }
  override attribute(name: string): Value | undefined {
    if (name === 'get')
      return new Fn('get', ({ positional: [key = '', otherwise = null] }) => this.find(str(key)) ?? otherwise);
    return this.find(name);
  }
  print(): string {
    return '{…}';
  }
}

/** `validation.any[…]`: checks nothing. */
class BagOfAny extends PyObject {
  readonly type = 'any';
  override item(): Value {
    return new Fn('any', () => null);
  }
  override attribute(): Value | undefined {
    return undefined;
  }
  print(): string {
    return 'any';
  }
}

/** `graph`: every node by its unique id, in the shape of the manifest. */
function graphValue({ manifest }: Invocation): Dict {
  const part = (nodes: ReadonlyMap<string, unknown>): Dict =>
    new Dict([...nodes].map(([id, node]) => [id, fromPlain(node)] as const));
  return new Dict([
    ['nodes', part(manifest.nodes)],
    ['sources', part(manifest.sources)],
    ['exposures', part(manifest.exposures)],
    ['metrics', part(manifest.metrics)],
    ['groups', part(manifest.groups)],
    ['semantic_models', part(manifest.semanticModels)],
    ['saved_queries', part(manifest.savedQueries)],
    ['unit_tests', part(manifest.unitTests)],
    ['functions', part(manifest.functions)],
  ]);
}
