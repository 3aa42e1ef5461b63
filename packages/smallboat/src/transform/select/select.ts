import type { Manifest } from '../manifest/manifest.ts';
import type { ManifestNode, ResourceType } from '../manifest/node.ts';
import { nearestNames, projectErrors } from '../project/errors.ts';
import type { Criteria, IndirectSelection, Selection } from './criteria.ts';
import type { MethodContext } from './method-context.ts';
import { methodOf } from './methods.ts';

interface Chosen {
  readonly direct: ReadonlySet<string>;
  /** Tests of which some parents are chosen: they come in when all are. */
  readonly indirect: ReadonlySet<string>;
}

export interface SelectOptions extends MethodContext {
  readonly selection: Selection;
  readonly exclude?: Selection | undefined;
  /** What may come out; the rest is chosen on the way only. */
  readonly types: ReadonlySet<ResourceType>;
  /** Told of a part that fits nothing. */
  readonly onNothing?: (raw: string, nearest: readonly string[]) => void;
}

/** The unique ids that a selection chooses, in the order of the manifest. */
export function selectNodes(options: SelectOptions): string[] {
  const { manifest, types } = options;
  const whole: Selection = options.exclude
    ? { kind: 'difference', from: options.selection, without: options.exclude, indirect: options.selection.indirect }
    : options.selection;
  const { direct } = new Selector(options).choose(whole);
  return [...manifest.all()]
    .filter((node) => direct.has(node.unique_id) && types.has(node.resource_type) && node.config['enabled'] !== false)
    .map(({ unique_id: id }) => id);
}

class Selector {
  private readonly options: SelectOptions;
  private readonly manifest: Manifest;

  constructor(options: SelectOptions) {
    this.options = options;
    this.manifest = options.manifest;
  }

  choose(selection: Selection): Chosen {
    if (selection.kind === 'criteria') return this.byCriteria(selection);
    const bundles =
      selection.kind === 'difference'
        ? [this.choose(selection.from), this.choose(selection.without)]
        : selection.parts.map((part) => this.choose(part));
    const combine = selection.kind === 'union' ? union : selection.kind === 'intersection' ? intersection : difference;
    const direct = combine(bundles.map((one) => one.direct));
    const indirect = combine(bundles.map((one) => new Set([...one.direct, ...one.indirect])));
    return { direct: this.incorporated(direct, indirect, selection.indirect), indirect };
  }

  private byCriteria(criteria: Criteria): Chosen {
    const { manifest } = this;
    const fits = methodOf(criteria, this.options);
    const matched = new Set<string>();
    for (const node of manifest.all()) if (isMember(node) && fits(node)) matched.add(node.unique_id);
    if (matched.size === 0 && criteria.value !== '*') {
      const names = [...manifest.all()].flatMap((node) => (node.resource_type === 'operation' ? [] : [node.name]));
      this.options.onNothing?.(criteria.raw, criteria.method === 'fqn' ? nearestNames(criteria.value, names) : []);
    }
    const chosen = new Set([...matched, ...this.neighbours(criteria, matched)]);
    return this.expanded(chosen, criteria.indirect);
  }

  private neighbours({ withChildrensParents, parents, children }: Criteria, matched: ReadonlySet<string>): Set<string> {
    const found = new Set<string>();
    if (withChildrensParents) {
      const below = this.walk(matched, this.manifest.childMap(), Infinity);
      const all = new Set([...matched, ...below]);
      for (const id of [...all, ...this.walk(all, this.manifest.parentMap(), Infinity)]) found.add(id);
    }
    if (parents !== undefined) for (const id of this.walk(matched, this.manifest.parentMap(), parents)) found.add(id);
    if (children !== undefined) for (const id of this.walk(matched, this.manifest.childMap(), children)) found.add(id);
    return found;
  }

  private walk(from: ReadonlySet<string>, edges: ReadonlyMap<string, readonly string[]>, depth: number): Set<string> {
    const found = new Set<string>();
    let level: readonly string[] = [...from];
    for (let i = 0; i < depth && level.length > 0; i += 1) {
      const next: string[] = [];
      for (const id of level) {
        for (const other of edges.get(id) ?? []) {
          if (found.has(other)) continue;
          found.add(other);
          next.push(other);
        }
      }
      level = next;
    }
    return found;
  }

  /** Adds the tests of what is chosen, as the kind of indirect selection says. */
  private expanded(chosen: ReadonlySet<string>, mode: IndirectSelection): Chosen {
    const direct = new Set(chosen);
    const indirect = new Set<string>();
    const near = mode === 'buildable' ? this.withParents(chosen) : chosen;
    const children = this.manifest.childMap();
    for (const id of chosen) {
      for (const child of children.get(id) ?? []) {
        const node = this.manifest.get(child);
        if (!node || (node.resource_type !== 'test' && node.resource_type !== 'unit_test')) continue;
        if (mode === 'eager' || node.depends_on.nodes.every((one) => near.has(one))) {
          if (mode !== 'empty') direct.add(child);
        } else if (mode !== 'empty') indirect.add(child);
      }
    }
    return { direct, indirect };
  }

  private withParents(ids: ReadonlySet<string>): Set<string> {
    const all = new Set([...ids, ...this.manifest.sources.keys()]);
    for (const id of this.walk(ids, this.manifest.parentMap(), Infinity)) all.add(id);
    return all;
  }

  private incorporated(
    direct: ReadonlySet<string>,
    indirect: ReadonlySet<string>,
    mode: IndirectSelection,
  ): ReadonlySet<string> {
    if (mode !== 'cautious' && mode !== 'buildable') return direct;
    const chosen = new Set(direct);
    const near = mode === 'buildable' ? this.withParents(direct) : direct;
    for (const id of indirect) {
      const node = this.manifest.nodes.get(id);
      if (node?.depends_on.nodes.every((one) => near.has(one))) chosen.add(id);
    }
    return chosen;
  }
}

function isMember(node: ManifestNode): boolean {
  return node.config['enabled'] !== false;
}

function union(sets: readonly ReadonlySet<string>[]): Set<string> {
  return new Set(sets.flatMap((one) => [...one]));
}

function intersection(sets: readonly ReadonlySet<string>[]): Set<string> {
  const [first = new Set<string>(), ...rest] = sets;
  return new Set([...first].filter((id) => rest.every((one) => one.has(id))));
}

function difference(sets: readonly ReadonlySet<string>[]): Set<string> {
  const [first = new Set<string>(), ...rest] = sets;
  return new Set([...first].filter((id) => !rest.some((one) => one.has(id))));
}

/** The error of a selection that fits nothing at all. */
export function emptySelection(select: string, manifest: Manifest): Error {
  const names = [...manifest.all()].map(({ name }) => name);
  const bare = select.replace(/^@?\d*\+?|\+\d*$/g, '').replace(/^\w+:/, '');
  return projectErrors.SELECTION_EMPTY({ select, nearest: nearestNames(bare, names) });
}
