import { fromPlain, toPlain } from '../jinja/json.ts';
import { parseTemplate } from '../jinja/parse.ts';
import { render, renderNative } from '../jinja/run.ts';
import type { RenderOptions } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';
import { Dict, repr, str } from '../jinja/value.ts';
import type { SqlNode } from '../manifest/node.ts';
import { nearestNames, projectErrors } from '../project/errors.ts';
import type { DbtPackage } from '../project/package.ts';
import { isRecord, listOf, recordOf, textsOf, textOf } from '../project/plain.ts';
import type { Parsing } from './parsing.ts';
import { fqnOf, parseContext } from './parsing.ts';
import { readSqlNode } from './sql-node.ts';
import { testHash, testName } from './test-name.ts';

/** Arguments of a test that configure it, where they do not stand under `config`. */
const CONFIG = [
  'severity',
  'tags',
  'enabled',
  'where',
  'limit',
  'warn_if',
  'error_if',
  'fail_calc',
  'store_failures',
  'store_failures_as',
  'meta',
  'database',
  'schema',
  'alias',
];

/** What a generic test is asked of. */
export interface TestTarget {
  readonly kind: 'node' | 'source';
  /** Of the model, or of the table. */
  readonly name: string;
  readonly sourceName?: string;
  readonly version?: string | number;
  /** `models`, `seeds`, `sources`. */
  readonly section: string;
  readonly pkg: DbtPackage;
  readonly file: string;
  /** The node itself, where it is there. */
  readonly node?: SqlNode | undefined;
}

export interface AskedTest {
  /** As YAML has it: a name, or a mapping from it to its arguments. */
  readonly given: unknown;
  readonly column?: string;
  readonly tags: readonly string[];
  readonly line: number;
}

interface Builder {
  readonly test: string;
  readonly namespace: string | undefined;
  readonly kwargs: Record<string, unknown>;
  readonly config: Record<string, unknown>;
  readonly ownName: string | undefined;
  readonly description: string;
}

/** Reads one generic test of a properties file. @throws `PROJECT_UNREADABLE`, `TEST_UNKNOWN`. */
export async function readGenericTest(parsing: Parsing, target: TestTarget, asked: AskedTest): Promise<SqlNode> {
  const { invocation } = parsing;
  const builder = await builderOf(parsing, target, asked);
  const { test, namespace, kwargs, config } = builder;
  checkTest(parsing, target, asked, builder);
  const about = targetName(target);
  const start = target.kind === 'source' ? `source_${test}` : test;
  const full = namespace === undefined ? start : `${namespace}_${start}`;
  const names =
    builder.ownName === undefined ? testName(full, about, kwargs) : { name: builder.ownName, file: builder.ownName };
  if (names.name !== names.file && config['alias'] === undefined) config['alias'] = names.file;
  const model = `{{ get_where_subquery(${callOf(target)}) }}`;
  const metadata = { namespace, name: test, kwargs: { ...kwargs, model } };
  const macro = namespace === undefined ? `test_${test}` : `${namespace}.test_${test}`;
  const path = target.file.split('/').slice(1).join('/');
  const uniqueId = `test.${target.pkg.name}.${names.name}.${testHash(names.name, metadata)}`;
  const rawCode = `{{ ${macro}(**_dbt_generic_test_kwargs) }}${configCall(config)}`;
  const template = parseTemplate({
    file: `${target.file}:${asked.line} (test ${test})`,
    text: `{{ ${macro}(**_dbt_generic_test_kwargs) }}`,
  });
  const node = await readSqlNode(parsing, {
    pkg: target.pkg,
    kind: 'test',
    name: names.name,
    uniqueId,
    path: `${names.file}.sql`,
    file: target.file,
    rawCode,
    fqn: fqnOf(target.pkg, path, names.name),
    checksum: { name: 'none', checksum: '' },
    inFile: config,
    tags: [...new Set([...asked.tags, ...textsOf(config['tags'])])].sort(),
    renderWith: async ({ context, noted }) => {
      // The two most used are known not to do more than to read their model.
      const found = invocation.registry.find(`test_${test}`, namespace ?? target.pkg.name);
      if (found) noted.macros.push(found.info.unique_id);
      if (namespace === undefined && found?.packageName === 'dbt' && (test === 'unique' || test === 'not_null')) {
        if (target.kind === 'source') noted.sources.push([target.sourceName ?? '', target.name]);
        else noted.refs.push({ name: target.name, package: null, version: target.version ?? null });
        return;
      }
      await renderGenericTest({ metadata, template }, context.options);
    },
  });
  testTemplates.set(node, { metadata, template });
  node.description = builder.description;
  node.column_name = asked.column ?? null;
  node.file_key_name = `${target.section}.${target.sourceName ?? target.name}`;
  node.attached_node = target.node?.unique_id ?? null;
  node.test_metadata = { name: test, kwargs: metadata.kwargs, namespace: namespace ?? null };
  if (target.node?.group) node.group = target.node.group;
  return node;
}

const testTemplates = new WeakMap<SqlNode, RenderedTest>();

interface RenderedTest {
  readonly metadata: { readonly kwargs: Readonly<Record<string, unknown>> };
  readonly template: ReturnType<typeof parseTemplate>;
}

/** What is needed to render a generic test again; undefined for a singular one. */
export function genericTestOf(node: SqlNode): RenderedTest | undefined {
  const known = testTemplates.get(node);
  if (known) return known;
  if (!node.test_metadata) return undefined;
  const { name, namespace, kwargs } = node.test_metadata;
  const macro = namespace === null ? `test_${name}` : `${namespace}.test_${name}`;
  const template = parseTemplate({
    file: `${node.original_file_path} (test ${name})`,
    text: `{{ ${macro}(**_dbt_generic_test_kwargs) }}`,
  });
  const made = { metadata: { kwargs }, template };
  testTemplates.set(node, made);
  return made;
}

const CALLS = /^\s*(env_var|ref|var|source|doc)\s*\([^]+\)\s*$/;

/**
 * The SQL of a generic test. What YAML gives it is rendered first: `ref('x')` as text is a call, a template gives a value
 * of its own type, the column is text.
 */
export async function renderGenericTest({ metadata, template }: RenderedTest, options: RenderOptions): Promise<string> {
  const value = async (data: unknown): Promise<Value> => {
    if (typeof data === 'string') {
      const text = CALLS.test(data) ? `{{ ${data} }}` : data;
      return text.includes('{') ? renderNative(parseTemplate({ file: template.source.file, text }), options) : text;
    }
    if (Array.isArray(data)) {
      const items: Value[] = [];
      for (const item of data) items.push(await value(item));
      return items;
    }
    if (isRecord(data)) {
      const dict = new Dict();
      for (const [key, item] of Object.entries(data)) dict.set(key, await value(item));
      return dict;
    }
    return fromPlain(data);
  };
  const given = new Dict();
  for (const [key, data] of Object.entries(metadata.kwargs)) {
    given.set(key, key === 'column_name' ? fromPlain(data) : await value(data));
  }
  const globals = (name: string): Value | undefined =>
    name === '_dbt_generic_test_kwargs' ? given : options.globals(name);
  return render(template, { ...options, globals });
}

async function builderOf(parsing: Parsing, target: TestTarget, { given, column, line }: AskedTest): Promise<Builder> {
  const fail = (problem: string): never => {
    throw projectErrors.PROJECT_UNREADABLE({ file: target.file, line, problem });
  };
  const { called, all } = calledWith(given, fail);
  const { arguments: inner, config: asConfig, name, description, ...rest } = all;
  const isConfig = ([key]: readonly [string, unknown]): boolean => CONFIG.includes(key);
  const entries = Object.entries(rest);
  const kwargs: Record<string, unknown> = {
    ...Object.fromEntries(entries.filter((entry) => !isConfig(entry))),
    ...(isRecord(inner) ? inner : {}),
  };
  if (inner !== undefined && inner !== null && !isRecord(inner)) kwargs['arguments'] = inner;
  if ('model' in kwargs) fail(`test '${called}' is given 'model', which dbt gives it`);
  const ordered = column === undefined ? kwargs : { column_name: column, ...kwargs };
  const parts = called.split('.');
  const test = parts.at(-1) ?? '';
  const raw = { ...Object.fromEntries(entries.filter(isConfig)), ...recordOf(asConfig) };
  const config: Record<string, unknown> = {};
  for (const key of [...CONFIG, ...Object.keys(raw)]) {
    if (Object.hasOwn(config, key)) continue;
    const value = await renderedConfig(parsing, target, raw[key]);
    if (value !== null && value !== undefined) config[key] = value;
  }
  return {
    test,
    namespace: parts.length > 1 ? parts[0] : undefined,
    kwargs: ordered,
    config,
    ownName: typeof name === 'string' ? name : undefined,
    description: typeof description === 'string' ? description : '',
  };
}

function calledWith(
  given: unknown,
  fail: (problem: string) => never,
): { readonly called: string; readonly all: Readonly<Record<string, unknown>> } {
  if (typeof given === 'string') return { called: given, all: {} };
  if (!isRecord(given)) return fail('a test must be a name, or a mapping from its name to its arguments');
  if (typeof given['test_name'] === 'string') {
    const { test_name: called, ...all } = given;
    return { called, all };
  }
  const [entry, ...more] = Object.entries(given);
  if (!entry || more.length > 0) {
    return fail(
      `a test must be one name with its arguments under it, found ${Object.keys(given).join(', ') || 'nothing'}: indent the arguments further`,
    );
  }
  const [called, all] = entry;
  if (all !== null && !isRecord(all)) return fail(`the arguments of test '${called}' must be a mapping`);
  return { called, all: recordOf(all) };
}

async function renderedConfig(parsing: Parsing, target: TestTarget, value: unknown): Promise<unknown> {
  if (typeof value !== 'string' || !value.includes('{{')) return value;
  const { context } = parseContext(parsing, {
    unique_id: target.name,
    name: target.name,
    package_name: target.pkg.name,
    original_file_path: target.file,
  });
  return toPlain(await renderNative(parseTemplate({ file: target.file, text: value }), context.options));
}

function checkTest({ invocation }: Parsing, target: TestTarget, asked: AskedTest, { test, namespace }: Builder): void {
  const { registry } = invocation;
  const name = `test_${test}`;
  const found = namespace === undefined ? registry.find(name, target.pkg.name) : registry.inNamespace(namespace, name);
  if (found) return;
  const known = (namespace === undefined ? registry.packageNames() : [namespace])
    .flatMap((one) => registry.namesIn(one))
    .filter((one) => one.startsWith('test_'))
    .map((one) => one.slice('test_'.length));
  throw projectErrors.TEST_UNKNOWN({
    from: `${target.file}:${asked.line}`,
    test: namespace === undefined ? test : `${namespace}.${test}`,
    nearest: nearestNames(test, known),
  });
}

function targetName({ kind, name, sourceName, version }: TestTarget): string {
  if (kind === 'source') return `${sourceName ?? ''}_${name}`;
  return version === undefined ? name : `${name}_v${version}`;
}

function callOf({ kind, name, sourceName, version }: TestTarget): string {
  if (kind === 'source') return `source('${sourceName ?? ''}', '${name}')`;
  return version === undefined ? `ref('${name}')` : `ref('${name}', version='${version}')`;
}

/** The configuration as dbt writes it behind a test's call. */
function configCall(config: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(config).map(([key, value]) =>
    typeof value === 'string' ? `${key}="${value.replaceAll('"', '\\"')}"` : `${key}=${pythonText(value)}`,
  );
  return parts.length === 0 ? '' : `{{ config(${parts.join(',')}) }}`;
}

function pythonText(value: unknown): string {
  const python = fromPlain(value);
  return typeof python === 'string' ? repr(python) : str(python);
}

/** The tests of an entry: its own, and those of its columns. */
export function askedTests(
  data: Readonly<Record<string, unknown>>,
  lineOf: (path: readonly PropertyKey[]) => number,
  options: {
    readonly quotesColumns?: boolean;
    readonly quote: (name: string) => string;
    readonly tags?: readonly string[];
  },
): AskedTest[] {
  const asked: AskedTest[] = [];
  for (const [c, column] of listOf(data['columns']).entries()) {
    if (!isRecord(column)) continue;
    const name = textOf(column['name']) ?? '';
    const isQuoted = column['quote'] === true || (column['quote'] === undefined && options.quotesColumns === true);
    const tags = [...(options.tags ?? []), ...textsOf(column['tags']), ...textsOf(recordOf(column['config'])['tags'])];
    for (const key of ['data_tests', 'tests']) {
      for (const [i, given] of listOf(column[key]).entries()) {
        asked.push({
          given,
          column: isQuoted ? options.quote(name) : name,
          tags: [...new Set(tags)],
          line: lineOf(['columns', c, key, i]),
        });
      }
    }
  }
  for (const key of ['data_tests', 'tests']) {
    for (const [i, given] of listOf(data[key]).entries()) {
      asked.push({ given, tags: options.tags ?? [], line: lineOf([key, i]) });
    }
  }
  return asked;
}
