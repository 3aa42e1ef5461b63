import { nearestNames, projectErrors } from '../project/errors.ts';
import type {
  DocBlock,
  ExposureNode,
  GroupNode,
  ManifestNode,
  RefArguments,
  SemanticNode,
  SourceNode,
  SqlNode,
  UnitTestNode,
} from './node.ts';

/** What a name leads to: a node, one that is there but disabled, or nothing. */
export type Found<T> = { readonly kind: 'found'; readonly node: T } | { readonly kind: 'disabled' | 'missing' };

/** Who asks: names are looked for in the root first, then in the asker's own package, then anywhere. */
export interface Asker {
  readonly package_name: string;
}

/** All nodes of a project and its packages, by unique id, and the ways to find them by name. */
export class Manifest {
  readonly root: string;
  readonly nodes = new Map<string, SqlNode>();
  readonly sources = new Map<string, SourceNode>();
  readonly exposures = new Map<string, ExposureNode>();
  readonly metrics = new Map<string, SemanticNode>();
  readonly semanticModels = new Map<string, SemanticNode>();
  readonly savedQueries = new Map<string, SemanticNode>();
  readonly unitTests = new Map<string, UnitTestNode>();
  readonly functions = new Map<string, SqlNode>();
  readonly groups = new Map<string, GroupNode>();
  readonly docs = new Map<string, DocBlock>();
  readonly disabled = new Map<string, ManifestNode[]>();

  private readonly refs = new Map<string, SqlNode[]>();
  private readonly disabledRefs = new Set<string>();
  private readonly sourceNames = new Map<string, SourceNode[]>();
  private readonly disabledSources = new Set<string>();
  private parents: ReadonlyMap<string, readonly string[]> | undefined;
  private children: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(root: string) {
    this.root = root;
  }

  /** Adds a node that can be built or run. @throws `NODE_DUPLICATE`. */
  add(node: SqlNode): void {
    if (node.config['enabled'] === false) return this.addDisabled(node);
    const all = node.resource_type === 'function' ? this.functions : this.nodes;
    const other = all.get(node.unique_id);
    if (other) {
      throw projectErrors.NODE_DUPLICATE({
        kind: node.resource_type,
        name: node.name,
        files: [other.original_file_path, node.original_file_path],
      });
    }
    all.set(node.unique_id, node);
    if (isRefable(node)) push(this.refs, node.name, node);
  }

  addDisabled(node: ManifestNode): void {
    const known = this.disabled.get(node.unique_id);
    if (known) known.push(node);
    else this.disabled.set(node.unique_id, [node]);
    if (node.resource_type === 'source') this.disabledSources.add(`${node.source_name}.${node.name}`);
    else this.disabledRefs.add(node.name);
  }

  /** Takes a node out again: one whose properties disable it. */
  disable(node: SqlNode): void {
    this.nodes.delete(node.unique_id);
    const known = this.refs.get(node.name)?.filter((one) => one !== node) ?? [];
    if (known.length > 0) this.refs.set(node.name, known);
    else this.refs.delete(node.name);
    this.addDisabled(node);
  }

  /** Puts a node under another id: a version of a model. */
  rename(before: SqlNode, after: SqlNode): void {
    const entries = [...this.nodes].map(([id, node]) =>
      node === before ? ([after.unique_id, after] as const) : ([id, node] as const),
    );
    this.nodes.clear();
    for (const [id, node] of entries) this.nodes.set(id, node);
    const known = this.refs.get(before.name)?.filter((one) => one !== before) ?? [];
    if (known.length > 0) this.refs.set(before.name, known);
    else this.refs.delete(before.name);
    push(this.refs, after.name, after);
  }

  addSource(node: SourceNode): void {
    if (node.config['enabled'] === false) return this.addDisabled(node);
    const other = this.sources.get(node.unique_id);
    if (other) {
      throw projectErrors.NODE_DUPLICATE({
        kind: 'source',
        name: `${node.source_name}.${node.name}`,
        files: [other.original_file_path, node.original_file_path],
      });
    }
    this.sources.set(node.unique_id, node);
    push(this.sourceNames, `${node.source_name}.${node.name}`, node);
  }

  /** Any node by its id. */
  get(id: string): ManifestNode | undefined {
    return (
      this.nodes.get(id) ??
      this.sources.get(id) ??
      this.exposures.get(id) ??
      this.metrics.get(id) ??
      this.semanticModels.get(id) ??
      this.savedQueries.get(id) ??
      this.unitTests.get(id) ??
      this.functions.get(id)
    );
  }

  *all(): Generator<ManifestNode> {
    yield* this.nodes.values();
    yield* this.sources.values();
    yield* this.exposures.values();
    yield* this.metrics.values();
    yield* this.semanticModels.values();
    yield* this.savedQueries.values();
    yield* this.unitTests.values();
    yield* this.functions.values();
  }

  resolveRef(ref: RefArguments, asker: Asker): Found<SqlNode> {
    const candidates = this.refs.get(ref.name) ?? [];
    for (const where of this.searched(ref.package, asker)) {
      const inside = candidates.filter((one) => where === null || one.package_name === where);
      const node = versionOf(inside, ref.version);
      if (node) return { kind: 'found', node };
    }
    return { kind: this.disabledRefs.has(ref.name) ? 'disabled' : 'missing' };
  }

  resolveSource(source: string, table: string, asker: Asker): Found<SourceNode> {
    const name = `${source}.${table}`;
    const candidates = this.sourceNames.get(name) ?? [];
    for (const where of this.searched(null, asker)) {
      const node = candidates.find((one) => where === null || one.package_name === where);
      if (node) return { kind: 'found', node };
    }
    return { kind: this.disabledSources.has(name) ? 'disabled' : 'missing' };
  }

  resolveFunction(name: string, packageName: string | null, asker: Asker): SqlNode | undefined {
    for (const where of this.searched(packageName, asker)) {
      for (const node of this.functions.values()) {
        if (node.name === name && (where === null || node.package_name === where)) return node;
      }
    }
    return undefined;
  }

  resolveMetric(name: string, packageName: string | null, asker: Asker): SemanticNode | undefined {
    for (const where of this.searched(packageName, asker)) {
      for (const node of this.metrics.values()) {
        if (node.name === name && (where === null || node.package_name === where)) return node;
      }
    }
    return undefined;
  }

  resolveDoc(name: string, packageName: string | null, asker: Asker): DocBlock | undefined {
    for (const where of this.searched(packageName, asker)) {
      if (where !== null) {
        const found = this.docs.get(`doc.${where}.${name}`);
        if (found) return found;
      } else for (const doc of this.docs.values()) if (doc.name === name) return doc;
    }
    return undefined;
  }

  nearestRefs(name: string): string[] {
    return nearestNames(name, this.refs.keys());
  }

  nearestSources(name: string): string[] {
    return nearestNames(name, this.sourceNames.keys());
  }

  private searched(packageName: string | null, asker: Asker): readonly (string | null)[] {
    if (packageName !== null) return [packageName];
    return asker.package_name === this.root ? [this.root, null] : [this.root, asker.package_name, null];
  }

  /** What each node reads, those alone that are there. */
  parentMap(): ReadonlyMap<string, readonly string[]> {
    this.parents ??= new Map(
      [...this.all()].map((node) => [node.unique_id, [...new Set(node.depends_on.nodes)].filter((id) => this.get(id))]),
    );
    return this.parents;
  }

  childMap(): ReadonlyMap<string, readonly string[]> {
    if (this.children) return this.children;
    const children = new Map<string, string[]>([...this.all()].map(({ unique_id: id }) => [id, []]));
    for (const [id, parents] of this.parentMap()) for (const parent of parents) push(children, parent, id);
    return (this.children = children);
  }

  /** Forgets the maps of edges: after dependencies were changed. */
  edgesChanged(): void {
    this.parents = undefined;
    this.children = undefined;
  }
}

function isRefable(node: SqlNode): boolean {
  return node.resource_type === 'model' || node.resource_type === 'seed' || node.resource_type === 'snapshot';
}

/** Of a model with versions the one that is asked for, by default the latest. */
function versionOf(candidates: readonly SqlNode[], version: string | number | null): SqlNode | undefined {
  if (version !== null) {
    return candidates.find(
      (one) => one.version !== undefined && one.version !== null && String(one.version) === String(version),
    );
  }
  return (
    candidates.find((one) => one.version === undefined || one.version === null) ??
    candidates.find((one) => String(one.version) === String(one.latest_version))
  );
}

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
