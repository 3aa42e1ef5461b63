import { parseTemplate } from '../jinja/parse.ts';
import { render } from '../jinja/run.ts';
import type { ManifestNode, SemanticNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { listOf, recordOf, textOf, textOrNull, textsOf } from '../project/plain.ts';
import { configOf } from './config.ts';
import { filterOf, metricParams } from './metric-params.ts';
import type { Entry } from './properties.ts';
import type { Parsing } from './parsing.ts';
import { fqnOf, parseContext } from './parsing.ts';

type Plain = Record<string, unknown>;

/** Reads semantic models, metrics and saved queries into the manifest, for MetricFlow. @throws `NODE_DUPLICATE`, `PROJECT_UNREADABLE`. */
export async function readSemanticNodes(parsing: Parsing, entries: readonly Entry[]): Promise<void> {
  const lines = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.section === 'semantic_models') await readSemanticModel(parsing, entry);
    else if (entry.section === 'metrics') {
      const type = textOf(entry.data['type'])?.toLowerCase() ?? 'simple';
      const params = metricParams(type, entry.data['type_params']);
      addMetric(parsing, entry, { name: entry.name, type, params, label: textOrNull(entry.data['label']) });
      lines.set(entry.name, entry);
    } else if (entry.section === 'saved_queries') readSavedQuery(parsing, entry);
  }
  for (const metric of parsing.manifest.metrics.values()) resolveMetric(parsing, metric, lines.get(metric.name));
  for (const query of parsing.manifest.savedQueries.values()) {
    query.depends_on.nodes.push(
      ...textsOf(recordOf(query['query_params'])['metrics']).flatMap((name) => metricId(parsing, name) ?? []),
    );
  }
  checkTimeSpine(parsing);
}

/** Steps of time that are no longer than a day. */
const FINE: ReadonlySet<string> = new Set([
  'nanosecond',
  'microsecond',
  'millisecond',
  'second',
  'minute',
  'hour',
  'day',
]);

/** MetricFlow joins what it counts to a table of days, or of less, or to the model that stood for one before dbt 1.9. */
function checkTimeSpine({ manifest }: Parsing): void {
  const [first] = manifest.semanticModels.values();
  if (!first) return;
  const isSpine = (node: ManifestNode): boolean => {
    if (node.resource_type !== 'model') return false;
    if (node.name === 'metricflow_time_spine') return true;
    const column = textOf(recordOf(node.time_spine)['standard_granularity_column']);
    return column !== undefined && FINE.has(node.columns[column]?.granularity?.toLowerCase() ?? '');
  };
  if ([...manifest.nodes.values()].some(isSpine)) return;
  throw projectErrors.TIME_SPINE_ABSENT({ node: first.unique_id, file: first.original_file_path });
}

/** What all three kinds have in common. */
function baseOf({ invocation, now }: Parsing, entry: Entry, kind: SemanticNode['resource_type'], name = entry.name) {
  const { pkg, data, path, file } = entry;
  const fqn = fqnOf(pkg, path, name);
  const inFile = { ...recordOf(data['config']), ...(data['meta'] === undefined ? {} : { meta: data['meta'] }) };
  const { tags, ...config } = configOf({ kind, fqn, own: pkg.project, root: invocation.root.project, inFile });
  return {
    name,
    resource_type: kind,
    package_name: pkg.name,
    path,
    original_file_path: file,
    unique_id: `${kind}.${pkg.name}.${name}`,
    fqn,
    description: textOf(data['description']) ?? '',
    label: textOrNull(data['label']),
    metadata: null,
    config,
    unrendered_config: inFile,
    group: textOrNull(config['group']),
    tags: textsOf(tags),
    depends_on: { macros: [] as string[], nodes: [] as string[] },
    created_at: now,
  };
}

function add({ manifest }: Parsing, into: Map<string, SemanticNode>, node: SemanticNode): void {
  if (node.config['enabled'] === false) manifest.addDisabled(node);
  else if (into.has(node.unique_id)) {
    throw projectErrors.NODE_DUPLICATE({ kind: node.resource_type, name: node.name, files: [node.original_file_path] });
  } else into.set(node.unique_id, node);
}

async function readSemanticModel(parsing: Parsing, entry: Entry): Promise<void> {
  const { data, pkg, file, name } = entry;
  const base = baseOf(parsing, entry, 'semantic_model');
  const model = textOf(data['model']) ?? '';
  const { context, noted } = parseContext(parsing, {
    unique_id: base.unique_id,
    name,
    package_name: pkg.name,
    original_file_path: file,
  });
  await render(parseTemplate({ file, text: `{{ ${model} }}` }), context.options);
  const [ref] = noted.refs;
  const found = ref && parsing.manifest.resolveRef(ref, { package_name: pkg.name });
  const node = found?.kind === 'found' ? found.node : undefined;
  if (!node && found?.kind !== 'disabled') {
    throw projectErrors.REF_UNKNOWN({
      from: `${file}:${entry.lineOf(['model'])}`,
      name: ref?.name ?? model,
      nearest: parsing.manifest.nearestRefs(ref?.name ?? model),
    });
  }
  if (!node) return;
  base.depends_on.nodes.push(node.unique_id);
  const { alias, schema, database, relation_name: relation } = node;
  const part = (given: unknown): Plain => {
    const one = recordOf(given);
    return {
      name: textOf(one['name']) ?? '',
      description: textOrNull(one['description']),
      label: textOrNull(one['label']),
      expr: textOrNull(one['expr']),
      config: { meta: {}, ...recordOf(one['config']) },
    };
  };
  const measures = listOf(data['measures']).map((given) => {
    const one = recordOf(given);
    return {
      ...part(given),
      agg: textOf(one['agg'])?.toLowerCase() ?? 'sum',
      create_metric: one['create_metric'] === true,
      agg_params: one['agg_params'] ?? null,
      non_additive_dimension: one['non_additive_dimension'] ?? null,
      agg_time_dimension: textOrNull(one['agg_time_dimension']),
    };
  });
  add(parsing, parsing.manifest.semanticModels, {
    ...base,
    model,
    node_relation: { alias, schema_name: schema, database, relation_name: relation },
    defaults: data['defaults'] ?? null,
    entities: listOf(data['entities']).map((given) => ({
      ...part(given),
      type: textOf(recordOf(given)['type']) ?? '',
      role: textOrNull(recordOf(given)['role']),
    })),
    measures,
    dimensions: listOf(data['dimensions']).map((given) => ({ ...part(given), ...dimensionOf(recordOf(given)) })),
    refs: noted.refs,
    primary_entity: textOrNull(data['primary_entity']),
  });
  for (const measure of measures.filter((one) => one.create_metric)) {
    const own = textOf(recordOf(measure)['name']) ?? '';
    addMetric(parsing, entry, {
      name: own,
      type: 'simple',
      params: metricParams('simple', { measure: own, expr: own }),
      label: textOf(recordOf(measure)['label']) ?? own,
    });
  }
}

function dimensionOf(one: Readonly<Plain>): Plain {
  const params = one['type_params'];
  return {
    type: textOf(one['type'])?.toLowerCase() ?? '',
    is_partition: one['is_partition'] === true,
    type_params:
      params === undefined || params === null
        ? null
        : { time_granularity: 'day', validity_params: null, ...recordOf(params) },
    metadata: null,
  };
}

interface GivenMetric {
  readonly name: string;
  readonly type: string;
  readonly params: Plain;
  readonly label: string | null;
}

function addMetric(parsing: Parsing, entry: Entry, { name, type, params, label }: GivenMetric): void {
  const isOwn = entry.section === 'metrics';
  const base = baseOf(parsing, isOwn ? entry : { ...entry, data: {} }, 'metric', name);
  add(parsing, parsing.manifest.metrics, {
    ...base,
    label,
    type,
    type_params: params,
    filter: isOwn ? filterOf(entry.data['filter']) : null,
    time_granularity: isOwn ? textOrNull(entry.data['time_granularity']) : null,
    meta: recordOf(base.config['meta']),
    sources: [],
    refs: [],
    metrics: [],
  });
}

const metricId = ({ manifest }: Parsing, name: string): string | undefined =>
  [...manifest.metrics.values()].find((one) => one.name === name)?.unique_id;

/** Finds the semantic models and metrics behind a metric, and the measures behind those. */
function resolveMetric(parsing: Parsing, metric: SemanticNode, entry: Entry | undefined): void {
  const nodes = metric.depends_on.nodes;
  const params = recordOf(metric['type_params']);
  const fail = (problem: string): never => {
    throw projectErrors.PROJECT_UNREADABLE({
      file: metric.original_file_path,
      line: entry?.lineOf(['type_params']) ?? 1,
      problem: `metric '${metric.name}' ${problem}`,
    });
  };
  for (const measure of measuresOf(params)) {
    const name = textOf(measure['name']) ?? '';
    const owner = [...parsing.manifest.semanticModels.values()].find((one) =>
      listOf(one['measures']).some((own) => recordOf(own)['name'] === name),
    );
    const id = owner?.unique_id ?? fail(`names the measure '${name}', which no semantic model has`);
    if (!nodes.includes(id)) nodes.push(id);
  }
  for (const name of metricsIn(params)) {
    const id = metricId(parsing, name) ?? fail(`names the metric '${name}', which is not there`);
    if (!nodes.includes(id)) nodes.push(id);
  }
  params['input_measures'] = measuresBehind(parsing, metric, new Set());
}

function measuresOf(params: Readonly<Plain>): Plain[] {
  const conversion = recordOf(params['conversion_type_params']);
  const all = [params['measure'], conversion['base_measure'], conversion['conversion_measure']];
  return all.flatMap((one) => (one === null || one === undefined ? [] : [recordOf(one)]));
}

function metricsIn(params: Readonly<Plain>): string[] {
  const all = [params['numerator'], params['denominator'], ...listOf(params['metrics'])];
  return all.flatMap((one) => textOf(recordOf(one)['name']) ?? []);
}

/** Each once; a metric that is behind itself ends the search. */
function measuresBehind(parsing: Parsing, metric: SemanticNode, seen: Set<string>): Plain[] {
  if (seen.has(metric.name)) return [];
  seen.add(metric.name);
  const params = recordOf(metric['type_params']);
  const behind = [...new Set(metricsIn(params))].flatMap((name) => {
    const found = parsing.manifest.metrics.get(metricId(parsing, name) ?? '');
    return found ? measuresBehind(parsing, found, seen) : [];
  });
  const all = new Map([...measuresOf(params), ...behind].map((one) => [JSON.stringify(one), one]));
  return [...all.values()];
}

function readSavedQuery(parsing: Parsing, entry: Entry): void {
  const { data } = entry;
  const { database, target } = parsing.invocation;
  const params = recordOf(data['query_params']);
  add(parsing, parsing.manifest.savedQueries, {
    ...baseOf(parsing, entry, 'saved_query'),
    query_params: {
      metrics: textsOf(params['metrics']),
      group_by: textsOf(params['group_by']),
      where: filterOf(params['where']),
      order_by: textsOf(params['order_by']),
      limit: params['limit'] ?? null,
    },
    exports: listOf(data['exports']).map((given) => {
      const one = recordOf(given);
      const config = recordOf(one['config']);
      const name = textOf(one['name']) ?? '';
      return {
        name,
        config: {
          export_as: textOf(config['export_as']) ?? 'table',
          schema_name: textOf(config['schema'] ?? config['schema_name']) ?? target.schema,
          alias: textOf(config['alias']) ?? name,
          database,
        },
        unrendered_config: config,
      };
    }),
    refs: [],
  });
}
