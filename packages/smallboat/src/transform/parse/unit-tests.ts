import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromPlain } from '../jinja/json.ts';
import { repr, str } from '../jinja/value.ts';
import type { UnitFixture, UnitTestNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { isRecord, listOf, recordOf, textOf, textOrNull, textsOf } from '../project/plain.ts';
import { configOf } from './config.ts';
import { csvLines, csvRows } from './csv.ts';
import type { Entry } from './properties.ts';
import type { Parsing } from './parsing.ts';
import { nameOfFile } from './parsing.ts';

/** Reads `unit_tests:`, one node for each version of the model that it tests. */
export function readUnitTests(parsing: Parsing, entries: readonly Entry[]): void {
  for (const entry of entries) if (entry.section === 'unit_tests') readUnitTest(parsing, entry);
}

function readUnitTest(parsing: Parsing, entry: Entry): void {
  const { invocation, manifest } = parsing;
  const { data, pkg, name, file } = entry;
  const model = textOf(data['model']);
  if (model === undefined) throw unreadable(entry, [], `unit test '${name}' has no model`);
  const path = file.split('/').slice(1);
  const fqn = [pkg.name, ...path.slice(0, -1), model, name];
  const config = configOf({
    kind: 'unit_test',
    fqn,
    own: pkg.project,
    root: invocation.root.project,
    inFile: recordOf(data['config']),
  });
  const given = listOf(data['given']).map((one, i) => {
    const fixture = recordOf(one);
    const isOpen = fixture['rows'] === undefined && fixture['fixture'] === undefined;
    const rows = isOpen ? seedRows(parsing, entry, textOf(fixture['input']) ?? '') : undefined;
    return fixtureOf(entry, rows === undefined ? fixture : { ...fixture, rows }, ['given', i]);
  });
  const expect = fixtureOf(entry, recordOf(data['expect']), ['expect']);
  const overrides = isRecord(data['overrides'])
    ? {
        macros: recordOf(data['overrides']['macros']),
        vars: recordOf(data['overrides']['vars']),
        env_vars: recordOf(data['overrides']['env_vars']),
      }
    : null;
  const found = manifest.resolveRef({ name: model, package: pkg.name, version: null }, { package_name: pkg.name });
  const candidates = [...manifest.nodes.values()].filter(
    (one) => one.resource_type === 'model' && one.name === model && one.package_name === pkg.name,
  );
  const versions = recordOf(data['versions']);
  const include = textsOf(versions['include']);
  const exclude = textsOf(versions['exclude']);
  const tested = candidates.filter(({ version }) => {
    const v = version === null || version === undefined ? undefined : String(version);
    if (v === undefined) return true;
    return (include.length === 0 || include.includes(v)) && !exclude.includes(v);
  });
  if (tested.length === 0) {
    if (found.kind === 'disabled') return;
    throw projectErrors.REF_UNKNOWN({
      from: `${file}:${entry.lineOf(['model'])}`,
      name: model,
      nearest: manifest.nearestRefs(model),
    });
  }
  for (const node of tested) {
    const version = node.version ?? null;
    const id = `unit_test.${pkg.name}.${model}.${name}${version === null ? '' : `.v${version}`}`;
    const made: UnitTestNode = {
      model,
      given,
      expect,
      name,
      resource_type: 'unit_test',
      package_name: pkg.name,
      path: path.join('/'),
      original_file_path: file,
      unique_id: id,
      fqn: version === null ? fqn : [...fqn, `v${version}`],
      description: textOf(data['description']) ?? '',
      overrides,
      depends_on: { macros: [], nodes: [node.unique_id] },
      config,
      checksum: checksumOf({ model, versions: data['versions'] ?? null, given, expect, overrides }),
      schema: node.schema,
      created_at: parsing.now,
      versions: data['versions'] ?? null,
      version,
      tags: textsOf(config['tags']),
      unrendered_config: recordOf(data['config']),
    };
    if (config['enabled'] === false) manifest.addDisabled(made);
    else if (manifest.unitTests.has(id)) {
      throw projectErrors.NODE_DUPLICATE({ kind: 'unit_test', name: `${model}.${name}`, files: [file] });
    } else manifest.unitTests.set(id, made);
  }
}

/** The rows of the seed's file, as texts, for an input that is a seed and says no rows; undefined for any other. */
function seedRows({ manifest }: Parsing, { pkg }: Entry, input: string): Record<string, string>[] | undefined {
  const [, name] = /^\s*ref\(\s*['"](\w+)['"]\s*\)\s*$/.exec(input) ?? [];
  if (name === undefined) return undefined;
  const found = manifest.resolveRef({ name, package: null, version: null }, { package_name: pkg.name });
  if (found.kind !== 'found' || found.node.resource_type !== 'seed') return undefined;
  const text = readFileSync(join(pkg.folder, found.node.original_file_path), 'utf8');
  const [names = [], ...lines] = csvLines(text.replace(/^\ufeff/, ''));
  return lines.map((line) => Object.fromEntries(names.map((one, i) => [one, line[i] ?? ''])));
}

/** dbt's own checksum, for states that dbt wrote: of what Python prints for the parts of the test. */
function checksumOf(test: Pick<UnitTestNode, 'model' | 'versions' | 'given' | 'expect' | 'overrides'>): string {
  const text = (value: unknown): string => repr(fromPlain(value));
  const kinds = { dict: 'Dict', csv: 'CSV', sql: 'SQL' } as const;
  const fixture = ({ input, rows, format, fixture: name }: UnitFixture): string => {
    const kind = input === undefined ? 'UnitTestOutputFixture(' : `UnitTestInputFixture(input=${text(input)}, `;
    return `${kind}rows=${text(rows)}, format=<UnitTestFormat.${kinds[format]}: '${format}'>, fixture=${text(name)})`;
  };
  const { macros, vars, env_vars: env } = test.overrides ?? {};
  const overrides =
    test.overrides === null
      ? 'None'
      : `UnitTestOverrides(macros=${text(macros)}, vars=${text(vars)}, env_vars=${text(env)})`;
  const of = recordOf(test.versions);
  const versions =
    test.versions === null
      ? 'None'
      : `UnitTestNodeVersions(include=${text(of['include'] ?? null)}, exclude=${text(of['exclude'] ?? null)})`;
  const given = `[${test.given.map(fixture).join(', ')}]`;
  const files = test.given.flatMap((one) => (one.fixture === null ? [] : [`-${str(fromPlain(one.rows))}`]));
  return createHash('sha256')
    .update(`${test.model}-${versions}-${given}-${fixture(test.expect)}-${overrides}${files.join('')}`)
    .digest('hex');
}

function unreadable(entry: Entry, path: readonly PropertyKey[], problem: string): Error {
  return projectErrors.PROJECT_UNREADABLE({ file: entry.file, line: entry.lineOf(path), problem });
}

/** The first row without a null changes places with the first: some warehouses take the types of columns from that. */
function withWholeFirst<R extends Readonly<Record<string, unknown>>>(rows: readonly R[]): R[] {
  const at = rows.findIndex((row) => Object.values(row).every((value) => value !== null && value !== undefined));
  const [first] = rows;
  const whole = rows[at];
  if (!first || !whole) return [...rows];
  return rows.map((row, i) => (i === 0 ? whole : i === at ? first : row));
}

/** Rows as they are written, as CSV, as SQL; in the file or in a file of `tests/fixtures`. */
function fixtureOf(entry: Entry, data: Readonly<Record<string, unknown>>, path: readonly PropertyKey[]): UnitFixture {
  const format = textOf(data['format']) ?? 'dict';
  if (format !== 'dict' && format !== 'csv' && format !== 'sql') {
    throw unreadable(entry, path, `unit test '${entry.name}': format must be dict, csv or sql, found '${format}'`);
  }
  const fixture = textOrNull(data['fixture']);
  const file = fixture === null ? undefined : fixtureFile(entry, fixture, format, path);
  const given = file ?? data['rows'];
  const base = {
    format,
    fixture,
    ...(data['input'] === undefined ? {} : { input: textOf(data['input']) ?? '' }),
  } as const;
  if (format === 'sql') return { ...base, rows: (file === undefined ? textOf(given) : file.trim()) ?? null };
  if (format === 'csv') return { ...base, rows: withWholeFirst(csvRows(textOf(given) ?? '')) };
  if (given !== undefined && given !== null && !Array.isArray(given)) {
    throw unreadable(entry, path, `unit test '${entry.name}': rows must be a list of mappings`);
  }
  return { ...base, rows: withWholeFirst(listOf(given).map(recordOf)) };
}

function fixtureFile(entry: Entry, name: string, format: string, path: readonly PropertyKey[]): string {
  const wanted = format === 'sql' ? '.sql' : '.csv';
  const found = entry.pkg.files.fixtures.find((one) => nameOfFile(one.path) === name && one.path.endsWith(wanted));
  if (!found)
    throw unreadable(
      entry,
      path,
      `unit test '${entry.name}' needs the fixture '${name}${wanted}', which is not in tests/fixtures`,
    );
  return found.text;
}
