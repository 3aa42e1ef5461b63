import * as z from 'zod';
import { isRecord } from './dbt-project-file.ts';
import { shaped } from './yaml-file.ts';
import type { YamlFile } from './yaml-file.ts';

/** A test that a properties file asks for. */
export interface AskedTest {
  /** `not_null`, or `dbt_utils.accepted_range`. */
  readonly test: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly column?: string;
  readonly file: string;
  readonly line: number;
}

export interface ModelProperties {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tests: readonly AskedTest[];
  readonly file: string;
  readonly line: number;
}

export interface SourceProperties {
  readonly sourceName: string;
  readonly name: string;
  readonly database?: string;
  readonly schema: string;
  readonly identifier: string;
  readonly tests: readonly AskedTest[];
  readonly file: string;
}

export interface Properties {
  readonly models: readonly ModelProperties[];
  readonly sources: readonly SourceProperties[];
  readonly warnings: readonly string[];
}

const Text = z.string().nullish();
const Tests = z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).nullish();
const Config = z.record(z.string(), z.unknown()).nullish();
const Column = z.looseObject({ name: z.string(), description: Text, tests: Tests, data_tests: Tests });
const Model = z.looseObject({
  name: z.string(),
  description: Text,
  config: Config,
  tests: Tests,
  data_tests: Tests,
  columns: z.array(Column).nullish(),
});
const Table = z.looseObject({
  name: z.string(),
  identifier: Text,
  tests: Tests,
  data_tests: Tests,
  columns: z.array(Column).nullish(),
});
const Source = z.looseObject({
  name: z.string(),
  schema: Text,
  database: Text,
  tables: z.array(Table).nullish(),
});
const File = z.looseObject({ models: z.array(Model).nullish(), sources: z.array(Source).nullish() });

const DOCUMENTING = [
  'description',
  'meta',
  'docs',
  'tags',
  'quote',
  'data_type',
  'policy_tags',
  'constraints',
  'config',
  'granularity',
];
const KEYS = {
  file: [
    'version',
    'models',
    'sources',
    'exposures',
    'metrics',
    'macros',
    'analyses',
    'groups',
    'semantic_models',
    'saved_queries',
  ],
  model: [
    'name',
    'config',
    'tests',
    'data_tests',
    'columns',
    'access',
    'group',
    'latest_version',
    'versions',
    'deprecation_date',
    'time_spine',
    ...DOCUMENTING,
  ],
  column: ['name', 'tests', 'data_tests', ...DOCUMENTING],
  source: [
    'name',
    'schema',
    'database',
    'tables',
    'loader',
    'loaded_at_field',
    'loaded_at_query',
    'freshness',
    'quoting',
    'overrides',
    'tests',
    'data_tests',
    ...DOCUMENTING,
  ],
  table: [
    'name',
    'identifier',
    'loader',
    'loaded_at_field',
    'loaded_at_query',
    'freshness',
    'quoting',
    'tests',
    'data_tests',
    'columns',
    'external',
    ...DOCUMENTING,
  ],
} as const;
const NOT_YET = ['seeds', 'snapshots', 'unit_tests'];

/** Reads a properties file; a key that nothing reads (`test:` for `tests:`) is warned of, not passed over. */
export function readProperties(yaml: YamlFile): Properties {
  const data = shaped(yaml, File);
  const warnings: string[] = [];
  const warn = (path: readonly PropertyKey[], text: string): void =>
    void warnings.push(`${yaml.file}:${yaml.lineOf(path)}: ${text}`);

  const check = (value: object, known: readonly string[], path: readonly PropertyKey[]): void => {
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const near = ['test', 'data_test', 'data-tests'].includes(key) ? "; did you mean 'data_tests'?" : '';
      const problem = NOT_YET.includes(key)
        ? `'${key}' is not supported yet and is left out`
        : `unknown key '${key}' is left out${near}`;
      warn([...path, key], problem);
    }
  };

  const testsOf = (
    owner: { readonly tests?: z.infer<typeof Tests>; readonly data_tests?: z.infer<typeof Tests> },
    path: readonly PropertyKey[],
    column?: string,
  ): AskedTest[] => {
    const key = owner.data_tests ? 'data_tests' : 'tests';
    return (owner.data_tests ?? owner.tests ?? []).map((asked, i) => ({
      ...readTest(asked),
      ...(column === undefined ? {} : { column }),
      file: yaml.file,
      line: yaml.lineOf([...path, key, i]),
    }));
  };

  const columnTests = (columns: readonly z.infer<typeof Column>[], path: readonly PropertyKey[]): AskedTest[] => {
    const seen = new Set<string>();
    return columns.flatMap((column, i) => {
      const at = [...path, 'columns', i];
      check(column, KEYS.column, at);
      if (seen.has(column.name)) warn(at, `column '${column.name}' is listed twice`);
      seen.add(column.name);
      return testsOf(column, at, column.name);
    });
  };

  check(data, KEYS.file, []);
  const models = (data.models ?? []).map((model, i) => {
    const path = ['models', i];
    check(model, KEYS.model, path);
    return {
      name: model.name,
      description: model.description ?? '',
      config: { ...tagsOf(model), ...model.config },
      tests: [...columnTests(model.columns ?? [], path), ...testsOf(model, path)],
      file: yaml.file,
      line: yaml.lineOf(path),
    };
  });
  const sources = (data.sources ?? []).flatMap((source, i) => {
    check(source, KEYS.source, ['sources', i]);
    return (source.tables ?? []).map((table, j) => {
      const path = ['sources', i, 'tables', j];
      check(table, KEYS.table, path);
      return {
        sourceName: source.name,
        name: table.name,
        ...(source.database ? { database: source.database } : {}),
        schema: source.schema ?? source.name,
        identifier: table.identifier ?? table.name,
        tests: [...columnTests(table.columns ?? [], path), ...testsOf(table, path)],
        file: yaml.file,
      };
    });
  });
  return { models, sources, warnings };
}

function tagsOf(model: object): Readonly<Record<string, unknown>> {
  return 'tags' in model ? { tags: model.tags } : {};
}

/** `not_null`, `{ accepted_values: { values: […] } }` or `{ test_name: …, … }`. */
function readTest(asked: string | Readonly<Record<string, unknown>>): Pick<AskedTest, 'test' | 'arguments'> {
  if (typeof asked === 'string') return { test: asked, arguments: {} };
  const { test_name: named, ...rest } = asked;
  if (typeof named === 'string') return { test: named, arguments: flat(rest) };
  const [[test, given] = ['', {}], ...config] = Object.entries(asked);
  return { test, arguments: flat({ ...(isRecord(given) ? given : {}), ...Object.fromEntries(config) }) };
}

/** Newer projects put what the macro is given under `arguments:`. */
function flat({ arguments: given, ...rest }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...(isRecord(given) ? given : {}), ...rest };
}
