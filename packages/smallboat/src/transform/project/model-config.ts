import { isRecord } from './dbt-project-file.ts';
import type { NodeConfig, TestConfig } from './project.ts';

type Layer = Readonly<Record<string, unknown>>;

/** Keys that dbt takes without `+` too; any other key without it is a folder. */
const WITHOUT_PLUS = new Set([
  'materialized',
  'schema',
  'alias',
  'enabled',
  'tags',
  'database',
  'meta',
  'severity',
  'store_failures',
  'limit',
  'where',
]);

/** What dbt_project.yml says for a node, from the whole project down to its own name. */
export function layersFor(tree: Layer, fqn: readonly string[]): Layer[] {
  const layers: Layer[] = [];
  let at: unknown = tree;
  for (const part of ['', ...fqn]) {
    if (part !== '') at = isRecord(at) ? at[part] : undefined;
    if (!isRecord(at)) break;
    const own = Object.entries(at).filter(
      ([key, value]) => key.startsWith('+') || (WITHOUT_PLUS.has(key) && !(isRecord(value) && key !== 'meta')),
    );
    layers.push(Object.fromEntries(own.map(([key, value]) => [key.replace(/^\+/, ''), value])));
  }
  return layers;
}

/** Configuration from general to special: the later wins, tags add up, meta is merged by key. */
export function mergeLayers(layers: readonly Layer[]): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      if (key === 'tags') merged['tags'] = [...new Set([...texts(merged['tags']), ...texts(value)])];
      else if (key === 'meta' && isRecord(value))
        merged['meta'] = { ...(isRecord(merged['meta']) ? merged['meta'] : {}), ...value };
      else merged[key] = value;
    }
  }
  return merged;
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((one) => text(one) ?? []);
}

/** A text, number or boolean of YAML as text; nothing for what is none of these. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

export function nodeConfig(merged: Readonly<Record<string, unknown>>): NodeConfig {
  const { materialized, schema, alias, enabled, tags, meta, ...other } = merged;
  const ownSchema = text(schema);
  const ownAlias = text(alias);
  return {
    materialized: text(materialized) ?? 'view',
    ...(ownSchema === undefined ? {} : { schema: ownSchema }),
    ...(ownAlias === undefined ? {} : { alias: ownAlias }),
    enabled: enabled !== false && enabled !== 'false',
    tags: texts(tags),
    meta: isRecord(meta) ? meta : {},
    other,
  };
}

export function testConfig(merged: Readonly<Record<string, unknown>>): TestConfig {
  const where = text(merged['where']);
  const limit = merged['limit'];
  return {
    severity: text(merged['severity'])?.toLowerCase() === 'warn' ? 'warn' : 'error',
    warnIf: text(merged['warn_if']) ?? '!= 0',
    errorIf: text(merged['error_if']) ?? '!= 0',
    failCalc: text(merged['fail_calc']) ?? 'count(*)',
    ...(limit === undefined || limit === null ? {} : { limit: Number(limit) }),
    ...(where === undefined || where === '' ? {} : { where }),
    enabled: merged['enabled'] !== false,
    tags: texts(merged['tags']),
  };
}
