import type { ManifestNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { isRecord, recordOf, textOf } from '../project/plain.ts';
import type { Criteria } from './criteria.ts';
import type { MacroState, MethodContext } from './method-context.ts';
import type { PreviousState } from './previous-state.ts';

type Node = Readonly<Record<string, unknown>>;
type Same = (now: Node, before: Node) => boolean;

/** Configuration that says where a node is, which has a comparison of its own, or that changes nothing that is built. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['alias', 'schema', 'database', 'tags', 'group', 'docs']);
const TEST_CONFIG = [
  'severity',
  'where',
  'limit',
  'fail_calc',
  'warn_if',
  'error_if',
  'store_failures',
  'store_failures_as',
];

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value ?? null;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}

const sameKeys =
  (...keys: readonly string[]): Same =>
  (now, before) =>
    keys.every((key) => equal(now[key], before[key]));

const sameBody: Same = (now, before) =>
  now['resource_type'] === 'seed'
    ? sameKeys('checksum')(now, before)
    : textOf(now['raw_code'])?.trim() === textOf(before['raw_code'])?.trim();

const sameConfig: Same = (now, before) => {
  const [a, b] = [recordOf(now['unrendered_config']), recordOf(before['unrendered_config'])];
  const keys =
    now['resource_type'] === 'test'
      ? TEST_CONFIG
      : [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => !NOT_COMPARED.has(key));
  return keys.every((key) => Object.hasOwn(a, key) === Object.hasOwn(b, key) && equal(a[key], b[key]));
};

const sameDescriptions: Same = (now, before) => {
  const persists = recordOf(recordOf(now['config'])['persist_docs']);
  if (persists['relation'] === true && !sameKeys('description')(now, before)) return false;
  if (persists['columns'] !== true) return true;
  const texts = (node: Node): unknown =>
    Object.fromEntries(
      Object.entries(recordOf(node['columns'])).map(([name, column]) => [name, recordOf(column)['description']]),
    );
  return equal(texts(now), texts(before));
};

/** Where a node goes, as it is configured: another target alone is no change. */
const sameRelation: Same = (now, before) => {
  const [a, b] = [recordOf(now['unrendered_config']), recordOf(before['unrendered_config'])];
  return ['database', 'schema', 'alias'].every((key) => equal(a[key], b[key]));
};

const sameContract: Same = (now, before) => {
  const enforced = (node: Node): boolean => recordOf(node['contract'])['enforced'] === true;
  if (!enforced(now) && !enforced(before)) return true;
  if (enforced(now) !== enforced(before)) return false;
  const promised = (node: Node): unknown => [
    Object.entries(recordOf(node['columns'])).map(([name, column]) => [
      name,
      recordOf(column)['data_type'],
      recordOf(column)['constraints'],
    ]),
    node['constraints'],
  ];
  return equal(promised(now), promised(before));
};

const sameContents: Same = (now, before) => {
  switch (now['resource_type']) {
    case 'source':
      return (
        sameKeys('fqn', 'quoting', 'freshness', 'loader', 'external', 'identifier')(now, before) &&
        sameConfig(now, before) &&
        equal(now['unrendered_schema'], before['unrendered_schema']) &&
        equal(now['unrendered_database'], before['unrendered_database'])
      );
    case 'exposure':
      return sameKeys(
        'fqn',
        'type',
        'owner',
        'maturity',
        'url',
        'description',
        'label',
        'refs',
        'sources',
      )(now, before);
    case 'unit_test':
      return sameKeys('checksum', 'fqn')(now, before);
    case 'metric':
      return sameKeys('type', 'type_params', 'filter', 'label', 'description')(now, before);
    case 'semantic_model':
      return sameKeys('model', 'entities', 'measures', 'dimensions', 'defaults')(now, before);
    case 'saved_query':
      return sameKeys('query_params', 'exports')(now, before);
    default:
      return (
        sameBody(now, before) &&
        sameConfig(now, before) &&
        sameDescriptions(now, before) &&
        sameKeys('fqn')(now, before) &&
        sameRelation(now, before) &&
        sameContract(now, before)
      );
  }
};

/** `state:new`, `state:modified.body`, …. @throws `STATE_MISSING`, `SELECTION_INVALID`. */
export function stateCheck(
  { value, methodArguments, raw }: Criteria,
  { previous, macros }: MethodContext,
): (node: ManifestNode) => boolean {
  const nodes = previous?.nodes;
  if (!nodes) throw projectErrors.STATE_MISSING({ selection: raw, file: 'manifest.json' });
  const name = [value, ...methodArguments].join('.');
  const before = (node: ManifestNode): Node | undefined => nodes.get(node.unique_id);
  const now = (node: ManifestNode): Node => node as unknown as Node; // nodes are plain data
  const changed =
    (same: Same) =>
    (node: ManifestNode): boolean => {
      const old = before(node);
      return old === undefined || !same(now(node), old);
    };
  const hasMacroChange = macroChange(previous, macros);
  const isModified = (node: ManifestNode): boolean => changed(sameContents)(node) || hasMacroChange(node);
  const checks: Readonly<Record<string, (node: ManifestNode) => boolean>> = {
    new: (node) => before(node) === undefined,
    old: (node) => before(node) !== undefined,
    modified: isModified,
    unmodified: (node) => !isModified(node),
    'modified.body': changed(sameBody),
    'modified.configs': changed(sameConfig),
    'modified.persisted_descriptions': changed(sameDescriptions),
    'modified.relation': changed(sameRelation),
    'modified.contract': changed(sameContract),
    'modified.macros': hasMacroChange,
  };
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
  if (!check)
    throw projectErrors.SELECTION_INVALID({
      selection: raw,
      problem: `'${name}' is none of ${Object.keys(checks).join(', ')}`,
    });
  return check;
}

/** Whether a macro that a node calls, or one that those call, is not what it was. The program's own do not count. */
function macroChange(previous: PreviousState, macros: () => MacroState): (node: ManifestNode) => boolean {
  let changed: ReadonlySet<string> | undefined;
  const before = previous.macros ?? new Map<string, string>();
  const find = (): ReadonlySet<string> => {
    const { sql } = macros();
    const found = new Set<string>();
    for (const [id, text] of sql) if (!id.startsWith('macro.dbt') && before.get(id) !== text) found.add(id);
    for (const id of before.keys()) if (!id.startsWith('macro.dbt') && !sql.has(id)) found.add(id);
    return found;
  };
  return (node) => {
    changed ??= find();
    if (changed.size === 0) return false;
    const { calls } = macros();
    const seen = new Set<string>();
    const open = [...node.depends_on.macros];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (changed.has(id)) return true;
      open.push(...(calls.get(id) ?? []));
    }
    return false;
  };
}
