import type { Manifest } from '../manifest/manifest.ts';
import type { ManifestNode, RefArguments, SqlNode } from '../manifest/node.ts';
import { materializedOf } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { recordOf, textsOf, textOf } from '../project/plain.ts';
import type { Parsing } from './parsing.ts';

/** Turns names into unique ids: what each node reads. @throws `REF_UNKNOWN`, `SOURCE_UNKNOWN`, `REF_PRIVATE`. */
export function resolveReferences(parsing: Parsing): void {
  const { manifest } = parsing;
  for (const node of [...manifest.nodes.values(), ...manifest.functions.values()]) resolveNode(parsing, node);
  for (const exposure of manifest.exposures.values()) {
    addSources(parsing, exposure, exposure.sources);
    for (const ref of exposure.refs) addRef(parsing, exposure, ref);
    addMetrics(manifest, exposure, exposure.metrics);
  }
  manifest.edgesChanged();
}

function resolveNode(parsing: Parsing, node: SqlNode): void {
  const { manifest } = parsing;
  addSources(parsing, node, node.sources ?? []);
  for (const ref of node.refs ?? []) addRef(parsing, node, ref);
  addMetrics(manifest, node, node.metrics ?? []);
  for (const [first = '', second] of node.functions ?? []) {
    const found = manifest.resolveFunction(second ?? first, second === undefined ? null : first, node);
    if (!found) {
      throw projectErrors.REF_UNKNOWN({ from: node.original_file_path, name: second ?? first, nearest: [] });
    }
    push(node, found.unique_id);
  }
}

function push(node: ManifestNode, id: string): void {
  if (!node.depends_on.nodes.includes(id)) node.depends_on.nodes.push(id);
}

function addRef({ manifest, warn, invocation }: Parsing, node: ManifestNode, ref: RefArguments): void {
  const found = manifest.resolveRef(ref, node);
  const from = node.original_file_path;
  if (found.kind === 'found') {
    checkAccess({ manifest, invocation }, node, found.node);
    push(node, found.node.unique_id);
    return;
  }
  if (node.resource_type === 'test') {
    // A test of what is not there is left out, as dbt does; the rest goes on.
    node.config = { ...node.config, enabled: false };
    if (found.kind === 'missing')
      warn(`${from}: test '${node.name}' refers to '${ref.name}', which is not in the project; it is left out`);
    return;
  }
  if (node.resource_type === 'exposure' && found.kind === 'disabled') return;
  const version = ref.version === null ? '' : ` with version ${ref.version}`;
  if (found.kind === 'disabled') throw projectErrors.REF_DISABLED({ from, name: `${ref.name}${version}` });
  throw projectErrors.REF_UNKNOWN({ from, name: `${ref.name}${version}`, nearest: manifest.nearestRefs(ref.name) });
}

function addSources({ manifest, warn }: Parsing, node: ManifestNode, sources: readonly (readonly string[])[]): void {
  for (const [source = '', table = ''] of sources) {
    const found = manifest.resolveSource(source, table, node);
    if (found.kind === 'found') {
      push(node, found.node.unique_id);
      continue;
    }
    const name = `${source}.${table}`;
    if (node.resource_type === 'test') {
      node.config = { ...node.config, enabled: false };
      if (found.kind === 'missing')
        warn(
          `${node.original_file_path}: test '${node.name}' refers to source '${name}', which is not declared; it is left out`,
        );
      continue;
    }
    if (found.kind === 'disabled') throw projectErrors.REF_DISABLED({ from: node.original_file_path, name });
    throw projectErrors.SOURCE_UNKNOWN({ from: node.original_file_path, name, nearest: manifest.nearestSources(name) });
  }
}

function addMetrics(manifest: Manifest, node: ManifestNode, metrics: readonly (readonly string[])[]): void {
  for (const [first = '', second] of metrics) {
    const found = manifest.resolveMetric(second ?? first, second === undefined ? null : first, node);
    if (!found) throw projectErrors.REF_UNKNOWN({ from: node.original_file_path, name: second ?? first, nearest: [] });
    push(node, found.unique_id);
  }
}

/** Private models are for their group, protected ones of packages that restrict access for their package. */
function checkAccess(
  { invocation }: Pick<Parsing, 'manifest' | 'invocation'>,
  node: ManifestNode,
  target: SqlNode,
): void {
  if (target.resource_type !== 'model' || node.resource_type === 'test') return;
  const group = 'group' in node && typeof node.group === 'string' ? node.group : null;
  if (target.access === 'private' && group !== target.group) {
    throw projectErrors.REF_PRIVATE({ from: node.unique_id, name: target.unique_id, group: target.group ?? '' });
  }
  const isOther = node.package_name !== target.package_name;
  if (!isOther || target.access !== 'protected') return;
  if (invocation.packages.get(target.package_name)?.project.restrictAccess === true) {
    throw projectErrors.REF_PRIVATE({ from: node.unique_id, name: target.unique_id, group: target.package_name });
  }
}

/** What cannot be right about single nodes. @throws `NODE_CONFIG_INVALID`. */
export function checkNodes({ manifest }: Parsing): void {
  const groups = new Set([...manifest.groups.values()].map(({ name }) => name));
  const relations = new Map<string, SqlNode>();
  for (const node of manifest.nodes.values()) {
    const fail = (problem: string): never => {
      throw projectErrors.NODE_CONFIG_INVALID({ node: node.unique_id, file: node.original_file_path, problem });
    };
    if (node.group !== null && node.resource_type === 'model' && !groups.has(node.group)) {
      fail(`it is in group '${node.group}', which no file declares under 'groups:'`);
    }
    if (node.resource_type === 'model') checkModel(node, fail);
    if (node.resource_type === 'snapshot') checkSnapshot(node, fail);
    if (node.resource_type === 'test') checkTest(node, fail);
    if (
      node.relation_name !== null &&
      (node.resource_type === 'model' || node.resource_type === 'seed' || node.resource_type === 'snapshot')
    ) {
      const other = relations.get(node.relation_name.toLowerCase());
      if (other) {
        throw projectErrors.RELATION_DUPLICATE({
          relation: node.relation_name,
          nodes: [other.unique_id, node.unique_id],
          files: [other.original_file_path, node.original_file_path],
        });
      }
      relations.set(node.relation_name.toLowerCase(), node);
    }
  }
}

type Fail = (problem: string) => never;

function checkModel(node: SqlNode, fail: Fail): void {
  const { config } = node;
  if (!['private', 'protected', 'public'].includes(node.access ?? 'protected')) {
    fail(`access '${String(node.access)}' is none of private, protected, public`);
  }
  if (node.access === 'private' && node.group === null) return;
  if (materializedOf(node) === 'ephemeral' && node.access === 'public') fail('an ephemeral model cannot be public');
  if (node.contract?.enforced) {
    if (!['table', 'view', 'incremental'].includes(materializedOf(node))) {
      fail(`only models materialized as table, view or incremental can have a contract, not ${materializedOf(node)}`);
    }
    if (
      materializedOf(node) === 'incremental' &&
      !['append_new_columns', 'fail'].includes(String(config['on_schema_change']))
    ) {
      fail(
        `an incremental model with a contract needs on_schema_change 'append_new_columns' or 'fail', found '${String(config['on_schema_change'])}'`,
      );
    }
    const untyped = Object.values(node.columns).filter((column) => column.data_type === null);
    if (Object.keys(node.columns).length === 0) {
      fail('its contract is enforced, and no columns are declared: list them with name and data_type');
    }
    if (untyped.length > 0) {
      fail(
        `its contract is enforced, and these columns have no data_type: ${untyped.map(({ name }) => name).join(', ')}`,
      );
    }
  }
  if (materializedOf(node) === 'incremental' && config['incremental_strategy'] === 'microbatch')
    checkMicrobatch(node, fail);
}

function checkMicrobatch({ config }: SqlNode, fail: Fail): void {
  if (typeof config['event_time'] !== 'string') fail("a microbatch model needs 'event_time', the name of a column");
  if (config['begin'] === null || config['begin'] === undefined) fail("a microbatch model needs 'begin', a date");
  const begin = config['begin'] instanceof Date ? config['begin'].toISOString() : (textOf(config['begin']) ?? '');
  if (Number.isNaN(new Date(begin).getTime())) fail(`'begin' is no date: ${begin}`);
  if (!['hour', 'day', 'month', 'year'].includes(String(config['batch_size']))) {
    fail(`'batch_size' must be hour, day, month or year, found ${String(config['batch_size'])}`);
  }
  if (!Number.isInteger(config['lookback']))
    fail(`'lookback' must be a whole number, found ${String(config['lookback'])}`);
}

function checkSnapshot({ config }: SqlNode, fail: Fail): void {
  const { strategy, unique_key: key } = config;
  if (typeof strategy !== 'string' || textsOf(key).length === 0) {
    fail("a snapshot needs 'strategy' and 'unique_key'");
  }
  if (strategy === 'check' && (config['check_cols'] === null || config['check_cols'] === undefined)) {
    fail("a snapshot with the check strategy needs 'check_cols'");
  }
  if (strategy === 'timestamp' && typeof config['updated_at'] !== 'string') {
    fail("a snapshot with the timestamp strategy needs 'updated_at'");
  }
  if (config['materialized'] !== 'snapshot') fail("a snapshot's materialized must be 'snapshot'");
}

function checkTest({ config }: SqlNode, fail: Fail): void {
  if (!/^(warn|error)$/i.test(String(config['severity']))) {
    fail(`severity must be warn or error, found '${String(config['severity'])}'`);
  }
}

/** A circle of references, as the names on it. @throws `MODEL_CYCLE`. */
export function checkCycles(manifest: Manifest): void {
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const parents = manifest.parentMap();
  const visit = (id: string): void => {
    if (state.get(id) === 'done') return;
    if (state.get(id) === 'open') {
      const circle = [...path.slice(path.indexOf(id)), id].toReversed();
      throw projectErrors.MODEL_CYCLE({ path: circle.map((one) => one.split('.').slice(2).join('.')) });
    }
    state.set(id, 'open');
    path.push(id);
    for (const parent of parents.get(id) ?? []) visit(parent);
    path.pop();
    state.set(id, 'done');
  };
  for (const id of parents.keys()) visit(id);
}

/** What tests say of the columns that identify a row: dbt's `primary_key`. */
export function inferPrimaryKeys(manifest: Manifest): void {
  const unique = new Map<string, Set<string>>();
  const notNull = new Map<string, Set<string>>();
  const combined = new Map<string, string[]>();
  for (const test of manifest.nodes.values()) {
    const about = test.attached_node;
    const name = test.test_metadata?.name;
    if (!about || name === undefined || test.config['enabled'] === false) continue;
    const column = test.column_name;
    if ((name === 'unique' || name === 'not_null') && column) {
      const known = name === 'unique' ? unique : notNull;
      known.set(about, (known.get(about) ?? new Set()).add(column));
    } else if (name === 'unique_combination_of_columns') {
      combined.set(about, textsOf(recordOf(test.test_metadata?.kwargs)['combination_of_columns']));
    }
  }
  for (const node of manifest.nodes.values()) {
    if (node.resource_type !== 'model') continue;
    node.primary_key = primaryKeyOf(node, {
      unique: [...(unique.get(node.unique_id) ?? [])],
      notNull: notNull.get(node.unique_id) ?? new Set(),
      combined: combined.get(node.unique_id) ?? [],
    });
  }
}

function primaryKeyOf(
  node: SqlNode,
  tested: {
    readonly unique: readonly string[];
    readonly notNull: ReadonlySet<string>;
    readonly combined: readonly string[];
  },
): string[] {
  const own = node.constraints?.find(({ type }) => type === 'primary_key');
  if (own?.columns) return [...own.columns];
  const columns = Object.values(node.columns).filter(({ constraints }) =>
    constraints.some(({ type }) => type === 'primary_key'),
  );
  if (columns.length > 0) return columns.map(({ name }) => name);
  const both = tested.unique.filter((name) => tested.notNull.has(name));
  if (both.length > 0) return both;
  if (tested.combined.length > 0) return [...tested.combined];
  return [...tested.unique];
}
