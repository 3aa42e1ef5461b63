import type { Ran } from './both.ts';

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const record = (value: unknown): Plain => (isPlain(value) ? value : {});

/** What a step's run_results.json says of each node: status, count, relation, and the SQL that was compiled. */
export function resultsOf({ artifacts }: Ran, replace: (text: string) => string): Record<string, unknown> {
  const { results } = record(artifacts['run_results.json']);
  if (!Array.isArray(results)) return {};
  return byKey(
    results.filter(isPlain).map((one) => [
      String(one['unique_id']),
      {
        status: one['status'],
        failures: one['status'] === 'skipped' ? null : one['failures'],
        compiled: one['compiled'],
        sql: typeof one['compiled_code'] === 'string' ? squeezed(replace(one['compiled_code'])) : one['compiled_code'],
        relation: one['relation_name'],
        batches: one['batch_results'] ?? null,
        message: messageOf(one),
      },
    ]),
  );
}

/** What passed and what a test found is said in dbt's words; errors are in our own. */
function messageOf({ unique_id: id, status, message }: Plain): unknown {
  if (String(id).startsWith('unit_test.')) return null;
  return status === 'pass' || status === 'fail' || status === 'warn'
    ? typeof message === 'string'
      ? message.split('\n')[0]
      : ''
    : null;
}

/** Our macros are texts of our own: what counts is SQL, not how it is laid out. */
const squeezed = (sql: string): string =>
  sql
    .replace(/--[^\n]*/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ?([(),;]) ?/g, '$1')
    .trim();

/** Of what kinds of nodes a manifest is made. */
const SECTIONS = [
  'nodes',
  'sources',
  'exposures',
  'metrics',
  'semantic_models',
  'saved_queries',
  'unit_tests',
  'groups',
  'functions',
] as const;

/** What is of the moment or the place, or of dbt's own caches. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set([
  'created_at',
  'root_path',
  'build_path',
  'compiled_path',
  'compiled_code',
  'compiled',
  'extra_ctes',
  'extra_ctes_injected',
  'doc_blocks',
]);

/** The nodes of a step's manifest.json, as far as two programs must agree on them. */
export function manifestOf({ artifacts }: Ran): Record<string, Record<string, unknown>> {
  const manifest = record(artifacts['manifest.json']);
  return Object.fromEntries(
    SECTIONS.map((section) => [
      section,
      byKey(Object.entries(record(manifest[section])).map(([id, node]) => [id, nodeOf(record(node))])),
    ]),
  );
}

function nodeOf(node: Plain): unknown {
  const depends = record(node['depends_on']);
  return byKey(
    Object.entries(node)
      .filter(([key]) => !OF_THE_MOMENT.has(key))
      .map(([key, value]) => [key, key === 'depends_on' ? { ...depends, macros: undefined } : value]),
  );
}

/** Which nodes read which, and what is disabled. */
export function graphOf({ artifacts }: Ran): unknown {
  const manifest = record(artifacts['manifest.json']);
  const edges = (name: string): unknown =>
    byKey(
      Object.entries(record(manifest[name])).map(([id, ids]) => [
        id,
        Array.isArray(ids) ? ids.map(String).toSorted() : ids,
      ]),
    );
  return {
    parents: edges('parent_map'),
    children: edges('child_map'),
    disabled: Object.keys(record(manifest['disabled'])).sort(),
    selectors: manifest['selectors'],
    docs: Object.keys(record(manifest['docs'])).sort(),
  };
}

/** Tables and columns of a step's catalog.json. */
export function catalogOf({ artifacts }: Ran): unknown {
  const catalog = record(artifacts['catalog.json']);
  return { nodes: catalog['nodes'] ?? null, sources: catalog['sources'] ?? null };
}

/** Results of `source freshness`, without times of now. */
export function freshnessOf({ artifacts }: Ran): unknown {
  const { results } = record(artifacts['sources.json']);
  if (!Array.isArray(results)) return null;
  return byKey(
    results
      .filter(isPlain)
      .map((one) => [
        String(one['unique_id']),
        { status: one['status'], at: one['max_loaded_at'], criteria: one['criteria'] },
      ]),
  );
}

function byKey(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
