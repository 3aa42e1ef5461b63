import { createHash } from 'node:crypto';
import { WholeFloat, fromPlain } from '../jinja/json.ts';
import { repr } from '../jinja/value.ts';
import type { Constraint, SqlNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { isRecord, listOf, recordOf, textOf } from '../project/plain.ts';
import { columnsOf, constraintsOf } from './columns.ts';
import type { Entry, Section } from './properties.ts';
import type { Warn } from './parsing.ts';

/** What a properties file says of one node. */
export interface Patch {
  readonly config: Readonly<Record<string, unknown>>;
  readonly entry: Entry;
  apply(node: SqlNode): void;
}

interface ModelVersion {
  readonly model: string;
  readonly v: string | number;
  readonly patch: Patch;
}

type PatchedSection = Extract<Section, 'models' | 'seeds' | 'snapshots' | 'analyses' | 'data_tests' | 'functions'>;
const PATCHED: ReadonlySet<string> = new Set(['models', 'seeds', 'snapshots', 'analyses', 'data_tests', 'functions']);

/** Keys beside `config` that configure a node. */
const AS_CONFIG = ['group', 'access', 'docs', 'meta', 'tags', 'enabled', 'materialized'] as const;

/** The entries of properties files by the nodes that they are of. */
export class Patches {
  private readonly bySection = new Map<string, Patch>();
  private readonly versions = new Map<string, ModelVersion>();
  private readonly taken = new Set<string>();
  private readonly snapshots: Entry[] = [];

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      if (!PATCHED.has(entry.section)) continue;
      const key = keyOf(entry.section as PatchedSection, entry.pkg.name, entry.name);
      const other = this.bySection.get(key);
      if (other) {
        throw projectErrors.PATCH_DUPLICATE({
          section: entry.section,
          name: entry.name,
          files: [`${other.entry.file}:${other.entry.lineOf([])}`, `${entry.file}:${entry.lineOf([])}`],
        });
      }
      const patch = patchOf(entry, configOfEntry(entry.data), undefined);
      this.bySection.set(key, patch);
      if (entry.section === 'snapshots' && entry.data['relation'] !== undefined) this.snapshots.push(entry);
      if (entry.section === 'models') this.addVersions(entry, key);
    }
  }

  private addVersions(entry: Entry, key: string): void {
    const versions = listOf(entry.data['versions']).filter(isRecord);
    if (versions.length === 0) return;
    for (const version of versions) {
      const v = numberOrText(version['v']);
      if (v === undefined) {
        throw projectErrors.PROJECT_UNREADABLE({
          file: entry.file,
          line: entry.lineOf(['versions']),
          problem: `a version of '${entry.name}' has no 'v'`,
        });
      }
      const config = { ...configOfEntry(entry.data), ...configOfEntry(version) };
      const patch = patchOf(entry, config, version);
      const fileName = textOf(version['defined_in']) ?? `${entry.name}_v${v}`;
      this.versions.set(`${entry.pkg.name}.${fileName}`, { model: entry.name, v, patch });
      // The latest may also stand in a file with the model's own name.
      if (String(latestVersion(entry.data)) === String(v)) {
        this.versions.set(`${entry.pkg.name}.${entry.name}`, { model: entry.name, v, patch });
      }
    }
    this.bySection.delete(key);
  }

  /** The version that a file is of a model. */
  versionOf(packageName: string, fileName: string): ModelVersion | undefined {
    return this.versions.get(`${packageName}.${fileName}`);
  }

  take(section: PatchedSection, packageName: string, name: string): Patch | undefined {
    const key = keyOf(section, packageName, name);
    const patch = this.bySection.get(key);
    if (patch) this.taken.add(key);
    return patch;
  }

  yamlSnapshots(): readonly Entry[] {
    return this.snapshots;
  }

  /** Entries that no node is there for. */
  warnOfRest(warn: Warn): void {
    for (const [key, { entry }] of this.bySection) {
      if (this.taken.has(key)) continue;
      warn(`${entry.file}:${entry.lineOf([])}: there is no node '${entry.name}' for this entry of '${entry.section}'`);
    }
  }
}

function keyOf(section: PatchedSection, packageName: string, name: string): string {
  return `${section}.${packageName}.${name}`;
}

function configOfEntry(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const top = Object.fromEntries(
    AS_CONFIG.flatMap((key) => (data[key] === undefined || data[key] === null ? [] : [[key, data[key]] as const])),
  );
  const config = recordOf(data['config']);
  const meta = { ...recordOf(top['meta']), ...recordOf(config['meta']) };
  // As it is written where it is written once: a text stays a text in `unrendered_config`.
  const tags = top['tags'] === undefined ? config['tags'] : [...listOf(top['tags']), ...listOf(config['tags'])];
  return {
    ...top,
    ...config,
    ...(Object.keys(meta).length > 0 ? { meta } : {}),
    ...(listOf(tags).length > 0 ? { tags } : {}),
  };
}

function numberOrText(value: unknown): string | number | undefined {
  if (value instanceof WholeFloat) return String(value);
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

/** The version that `latest_version` names, else the highest. */
export function latestVersion(data: Readonly<Record<string, unknown>>): string | number | null {
  const named = numberOrText(data['latest_version']);
  if (named !== undefined) return named;
  const all = listOf(data['versions'])
    .filter(isRecord)
    .flatMap((one) => numberOrText(one['v']) ?? []);
  if (all.length === 0) return null;
  const numbers = all.map(Number);
  if (numbers.every((one) => !Number.isNaN(one))) return all[numbers.indexOf(Math.max(...numbers))] ?? null;
  return all.map(String).toSorted().at(-1) ?? null;
}

/** The columns of one version of a model: those of the model, without what it leaves out, with what it says itself. */
export function versionColumns(
  data: Readonly<Record<string, unknown>>,
  version: Readonly<Record<string, unknown>>,
): unknown[] {
  const base = listOf(data['columns']);
  if (version['columns'] === undefined) return base;
  const own: unknown[] = [];
  let included: unknown[] = [];
  let hasInclude = false;
  for (const column of listOf(version['columns'])) {
    if (!isRecord(column)) continue;
    const include = column['include'] ?? column['exclude'];
    if (include === undefined) own.push(column);
    else {
      hasInclude = true;
      const names = listOf(column['include'] ?? 'all').map(String);
      const without = new Set(listOf(column['exclude']).map(String));
      const isAll = names.includes('all') || names.includes('*');
      included = base.filter((one) => {
        const name = String(recordOf(one)['name']);
        return (isAll || names.includes(name)) && !without.has(name);
      });
    }
  }
  const names = new Set(own.map((one) => recordOf(one)['name']));
  return [...(hasInclude ? included : []).filter((one) => !names.has(recordOf(one)['name'])), ...own];
}

function patchOf(
  entry: Entry,
  config: Readonly<Record<string, unknown>>,
  version: Readonly<Record<string, unknown>> | undefined,
): Patch {
  const { data, pkg, file } = entry;
  return {
    config,
    entry,
    apply(node) {
      node.patch_path = `${pkg.name}://${file}`;
      node.description = textOf(version?.['description']) ?? textOf(data['description']) ?? '';
      node.columns = columnsOf(version ? versionColumns(data, version) : data['columns']);
      if (node.resource_type !== 'model') {
        if (node.resource_type === 'function') {
          node.returns = isRecord(data['returns']) ? { description: null, ...data['returns'] } : null;
          node.relation_name = null;
          node.arguments = listOf(data['arguments']).map((one) => ({
            description: null,
            default_value: null,
            ...recordOf(one),
          }));
        }
        return;
      }
      node.constraints = constraintsOf(version?.['constraints'] ?? data['constraints']).map((one) => ({
        ...one,
        columns: one.columns ?? [],
      }));
      if (node.contract?.enforced === true) node.contract.checksum = contractChecksum(node);
      const deprecation = version?.['deprecation_date'] ?? data['deprecation_date'];
      node.deprecation_date = momentOf(textOf(deprecation));
      if (version) node.latest_version = latestVersion(data);
      const spine = data['time_spine'];
      if (isRecord(spine)) {
        node.time_spine = {
          standard_granularity_column: textOf(spine['standard_granularity_column']) ?? '',
          custom_granularities: listOf(spine['custom_granularities']),
        };
      }
      const { access } = node.config;
      if (typeof access === 'string') node.access = access;
    },
  };
}

/** A time with its zone, UTC where none is said: as dbt writes `deprecation_date`. */
function momentOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const [, day, time = '00:00:00', fraction = '', zone = '+00:00'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [];
  if (day === undefined) return text;
  return `${day}T${time.length === 5 ? `${time}:00` : time}${fraction}${zone === 'Z' ? '+00:00' : zone}`;
}

/** What kinds of models have constraints that count. */
const CONSTRAINED: ReadonlySet<unknown> = new Set(['table', 'incremental']);

/** dbt's own checksum of a contract, by which its state comparison knows one: of what Python prints for the columns. */
function contractChecksum({ columns, constraints = [], config }: SqlNode): string {
  const said = (one: Constraint, kind: string, more: readonly (keyof Constraint)[]): string => {
    const facts = [...CONSTRAINT_FACTS, ...more].map((key) => `${key}=${repr(fromPlain(one[key] ?? null))}`);
    return `${kind}(type=<ConstraintType.${one.type}: '${one.type}'>, ${facts.join(', ')})`;
  };
  const text = Object.values(columns)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, data_type: type, constraints: own }) => {
      const list = own.map((one) => said(one, 'ColumnLevelConstraint', [])).join(', ');
      return `|${name}${type ?? 'None'}[${list}]`;
    })
    .join('');
  const { materialized } = config;
  const whole = CONSTRAINED.has(materialized)
    ? `${String(materialized)}[${constraints.map((one) => said(one, 'ModelLevelConstraint', ['columns'])).join(', ')}]`
    : '';
  return createHash('sha256')
    .update(text + whole)
    .digest('hex');
}

const CONSTRAINT_FACTS = ['name', 'expression', 'warn_unenforced', 'warn_unsupported', 'to', 'to_columns'] as const;
