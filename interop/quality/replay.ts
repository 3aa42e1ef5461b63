import type { ExpectationResult } from '../../packages/smallboat/src/quality/index.ts';
import { readSuite, validate } from '../../packages/smallboat/src/quality/index.ts';
import { readTime } from '../../packages/smallboat/src/quality/time/read-time.ts';
import { timeText } from '../../packages/smallboat/src/quality/time/time-sql.ts';
import type { Parameter, Warehouse } from '../../packages/smallboat/src/warehouse/index.ts';
import { quoteName } from '../../packages/smallboat/src/warehouse/index.ts';
import type { Dataset, Definition, DefinitionFile } from './definitions.ts';

/** What came of one test definition. */
export interface Replayed {
  /** `expect_column_min_to_be_between/1/basic_positive_test`. */
  readonly name: string;
  readonly outcome: 'same' | 'other' | 'left out';
  /** Where it differs, or why it was left out. */
  readonly why: string;
}

/** Engines whose tests are about SQL that no warehouse of ours speaks, or about types of their own. */
const FOREIGN = [
  'spark',
  'spark_v2_api',
  'mssql',
  'bigquery',
  'bigquery_v3_api',
  'mysql',
  'trino',
  'snowflake',
  'redshift',
  'clickhouse',
  'sqlite',
];

const list = (value: readonly string[] | string | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** Replays the tests of a file over tables in a warehouse, each dataset in one run of one suite. */
export async function replay(file: DefinitionFile, warehouse: Warehouse): Promise<readonly Replayed[]> {
  const replayed: Replayed[] = [];
  for (const [number, dataset] of file.datasets.entries()) {
    const relation = await load(dataset, { file, number, warehouse });
    for (const [place, test] of dataset.tests.entries()) {
      const name = `${file.file.replace('.json', '')}/${number + 1}/${place + 1} ${test.title}`;
      const only = [...list(dataset.only_for), ...list(test.only_for)];
      if (only.length > 0 && only.every((engine) => FOREIGN.includes(engine))) {
        replayed.push({ name, outcome: 'left out', why: `only for ${only.join(', ')}` });
      } else if (
        [...list(dataset.suppress_test_for), ...list(test.suppress_test_for)].length >= 3 &&
        list(test.suppress_test_for).includes('sqlalchemy') &&
        list(test.suppress_test_for).includes('pandas')
      ) {
        replayed.push({ name, outcome: 'left out', why: 'suppressed for every engine' });
      } else {
        const why = await differences(test, file, { relation, warehouse });
        replayed.push({ name, outcome: why === '' ? 'same' : 'other', why });
      }
    }
  }
  return replayed;
}

interface Place {
  readonly relation: string;
  readonly warehouse: Warehouse;
}

async function differences(test: Definition, file: DefinitionFile, { relation, warehouse }: Place): Promise<string> {
  const input = test.in ?? test.input ?? {};
  if (Array.isArray(input)) return '';
  const isMap = file.category.endsWith('_map_expectations');
  const resultFormat = { result_format: 'COMPLETE', ...(isMap ? { unexpected_index_column_names: ['pk_index'] } : {}) };
  const kwargs: Readonly<Record<string, unknown>> = { result_format: resultFormat, ...input };
  const type = file.expectation_type;
  const suite = await readSuite({
    expectation_suite_name: 'definitions',
    expectations: [{ expectation_type: type, kwargs }],
  });
  const { results } = await validate({ suite, warehouse, relation, runName: 'replay' });
  const [result] = results;
  if (result === undefined) return 'no result';
  const out = test.out ?? test.output;
  if (out === null || out === undefined) {
    // The file says what is wrong with the arguments; here it must be refused, too.
    return result.exception_info.raised_exception ? '' : `not refused: ${test.error?.traceback_substring ?? ''}`;
  }
  return Object.entries(out)
    .map(([key, value]) => check(key, value, result, test))
    .filter((why) => why !== '')
    .join('; ');
}

const sorted = (values: unknown): unknown =>
  Array.isArray(values)
    ? [...(values as readonly unknown[])].map(plain).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : values;

/** Keys in one order. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function check(
  key: string,
  expected: unknown,
  { success, result, exception_info }: ExpectationResult,
  test: Definition,
): string {
  const said = (found: unknown): string =>
    `${key}: ${JSON.stringify(expected)?.slice(0, 200)} and ${JSON.stringify(found)?.slice(0, 200)}${exception_info.raised_exception ? ` (${exception_info.exception_message ?? ''})` : ''}`;
  const details = (result['details'] ?? {}) as Readonly<Record<string, unknown>>;
  const same = (found: unknown, tolerance?: number): string => (close(found, expected, tolerance) ? '' : said(found));
  switch (key) {
    case 'success':
      return same(success);
    case 'traceback_substring':
      return exception_info.raised_exception ? '' : said('nothing raised');
    case 'unexpected_list':
    case 'partial_unexpected_list':
      return close(sorted(result[key]), sorted(expected)) ? '' : said(result[key]);
    case 'unexpected_index_list':
      return close(sorted(result[key] ?? []), sorted(expected)) ? '' : said(result[key]);
    case 'observed_value_list':
      return (expected as readonly unknown[]).includes(result['observed_value']) ? '' : said(result['observed_value']);
    case 'value_counts':
      return close(details['value_counts'], expected) ? '' : said(details['value_counts']);
    case 'details':
      return Object.entries(expected as object).every(([name, value]) => close(details[name], value))
        ? ''
        : said(details);
    case 'expected_partition':
    case 'observed_partition': {
      const found = (details[key] ?? {}) as Readonly<Record<string, unknown>>;
      return Object.entries(expected as object).every(([name, value]) => close(found[name], value)) ? '' : said(found);
    }
    case 'result':
      // Great Expectations compares what both have.
      return Object.entries(expected as object)
        .filter(([name]) => name in result && name !== 'details')
        .map(([name, value]) =>
          close(sorted(result[name]), sorted(value))
            ? ''
            : `${name}: ${JSON.stringify(value)} and ${JSON.stringify(result[name])}`,
        )
        .filter((w) => w !== '')
        .join('; ');
    case 'meta':
      return '';
    default: {
      if (!key.startsWith('observed_cdf')) return same(result[key], test.tolerance);
      const { x = [] } = (details['observed_cdf'] ?? {}) as { readonly x?: readonly number[] };
      const value = Number(key.includes('_-1_') ? x.at(-1) : x[0]);
      const bound = Number(expected);
      return (key.endsWith('lt') ? value < bound : key.endsWith('gt') ? value > bound : value === bound)
        ? ''
        : said(value);
    }
  }
}

/** numpy's allclose, through lists and objects. */
function close(found: unknown, expected: unknown, tolerance = 1e-7): boolean {
  if (typeof found === 'number' && typeof expected === 'number') {
    return Math.abs(found - expected) <= 1e-8 + tolerance * Math.abs(expected);
  }
  if (Array.isArray(found) && Array.isArray(expected)) {
    return found.length === expected.length && found.every((item, i) => close(item, expected[i], tolerance));
  }
  if (typeof found === 'object' && typeof expected === 'object' && found !== null && expected !== null) {
    const [a, b] = [Object.entries(found), expected as Readonly<Record<string, unknown>>];
    return a.length === Object.keys(b).length && a.every(([key, value]) => close(value, b[key], tolerance));
  }
  return found === expected;
}

interface LoadOptions {
  readonly file: DefinitionFile;
  readonly number: number;
  readonly warehouse: Warehouse;
}

async function load(dataset: Dataset, { file, number, warehouse }: LoadOptions): Promise<string> {
  const tables = Array.isArray(dataset.data)
    ? (dataset.data as readonly { dataset_name?: string; data: Readonly<Record<string, readonly unknown[]>> }[])
    : [{ data: dataset.data as Readonly<Record<string, readonly unknown[]>> }];
  const names = tables.map((table, i) => table.dataset_name ?? `d${number}_${i}_${file.expectation_type}`);
  const schema = dataset.schemas?.['postgresql'] ?? dataset.schemas?.['sqlite'] ?? {};
  for (const [i, { data }] of tables.entries()) {
    const columns = Object.entries(data).map(([name, values]) => ({
      name,
      values,
      type: typeOf(values, schema[name]),
    }));
    const rows = Math.max(0, ...columns.map((c) => c.values.length));
    const table = quoteName(names[i] ?? '');
    await warehouse.execute(
      `create or replace table ${table} (pk_index integer, ${columns.map((c) => `${quoteName(c.name)} ${c.type}`).join(', ')})`,
    );
    for (let row = 0; row < rows; row++) {
      const parameters = [row, ...columns.map((c) => cell(c.values[row], c.type))];
      await warehouse.execute(`insert into ${table} values (${parameters.map(() => '?').join(', ')})`, { parameters });
    }
    if (!file.category.endsWith('_map_expectations'))
      await warehouse.execute(`alter table ${table} drop column pk_index`);
  }
  return quoteName(names[0] ?? '');
}

function typeOf(values: readonly unknown[], declared: string | undefined): string {
  const types: Readonly<Record<string, string>> = {
    DOUBLE_PRECISION: 'DOUBLE',
    TEXT: 'VARCHAR',
    DATETIME: 'TIMESTAMP',
  };
  if (declared !== undefined) return types[declared] ?? declared.replace(/^TIMESTAMP.*/, 'TIMESTAMP');
  const kinds = new Set(
    values
      .filter((v) => v !== null)
      .map((v) =>
        Number.isInteger(v)
          ? 'BIGINT'
          : typeof v === 'number'
            ? 'DOUBLE'
            : typeof v === 'boolean'
              ? 'BOOLEAN'
              : 'VARCHAR',
      ),
  );
  if (values.length === 0) return 'DOUBLE';
  if (kinds.has('VARCHAR') || kinds.size === 0) return 'VARCHAR';
  return kinds.has('DOUBLE') ? 'DOUBLE' : ([...kinds][0] ?? 'VARCHAR');
}

function cell(value: unknown, type: string): Parameter {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (type === 'TIMESTAMP') {
    const time = readTime(text, new Date());
    return time === undefined ? null : timeText(time.micros);
  }
  if (type === 'VARCHAR') return text;
  return typeof value === 'number' || typeof value === 'boolean' ? value : text;
}
