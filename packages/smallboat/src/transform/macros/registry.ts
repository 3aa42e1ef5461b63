import type { MacroNode } from '../jinja/ast.ts';
import type { Block } from '../jinja/blocks.ts';
import { blocksOf } from '../jinja/blocks.ts';
import type { Source } from '../jinja/errors.ts';
import { parseTemplate } from '../jinja/parse.ts';
import type { MacroInfo } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';

/** A macro of a package: its text is parsed when it is first called. */
export interface Macro {
  readonly name: string;
  readonly packageName: string;
  readonly source: Source;
  readonly block: Block;
  readonly info: MacroInfo;
  /** @throws `TEMPLATE_SYNTAX`. */
  parsed(): MacroNode;
}

const PREFIX: Readonly<Record<string, string>> = { test: 'test_', data_test: 'test_' };

export interface MacroFile {
  readonly packageName: string;
  /** Relative to the package. */
  readonly file: string;
  readonly text: string;
}

/** The macros that a file declares, generic tests and materializations among them. */
export function macrosOf({ packageName, file, text }: MacroFile, createdAt: number): Macro[] {
  const source: Source = { file, text };
  return blocksOf(source).flatMap((block) => {
    if (block.kind === 'snapshot' || block.kind === 'docs') return [];
    const name =
      block.kind === 'materialization' ? materializationName(source, block) : (PREFIX[block.kind] ?? '') + block.name;
    let node: MacroNode | undefined;
    const parsed = (): MacroNode => {
      if (node) return node;
      const [only] = parseTemplate(source, block).body;
      if (only?.kind !== 'macro') throw new Error(`${file}: the block ${block.name} is no macro`);
      node = only;
      return node;
    };
    return [
      { name, packageName, source, block, info: infoOf({ packageName, file, name, source, block, createdAt }), parsed },
    ];
  });
}

function materializationName({ text }: Source, block: Block): string {
  const tag = text.slice(block.start, block.bodyStart);
  const adapter = /adapter\s*=\s*['"](\w+)['"]/.exec(tag)?.[1] ?? 'default';
  return `materialization_${block.name}_${adapter}`;
}

/** A macro with its tags, and with the space around them that they strip: as dbt keeps it. */
function ownText(text: string, { start, end }: Block): string {
  const before = text[start + 2] === '-' ? text.slice(0, start).trimEnd() : text.slice(0, start);
  // What the tag before has stripped is that one's.
  const from = before === '' || /-[%}#]\}$/.test(before) ? start : before.length;
  // dbt reads files without the space at both ends.
  const after = text.slice(end - 3, end) === '-%}' ? text.trimEnd().slice(end) : '';
  return text.slice(from, end + after.length - after.trimStart().length);
}

interface InfoOptions extends Omit<MacroFile, 'text'> {
  readonly name: string;
  readonly source: Source;
  readonly block: Block;
  readonly createdAt: number;
}

function infoOf({ packageName, file, name, source, block, createdAt }: InfoOptions): MacroInfo {
  const sql = ownText(source.text, block);
  const languages = /supported_languages\s*=\s*\[([^\]]*)\]/.exec(sql.slice(0, 200))?.[1];
  return {
    name,
    resource_type: 'macro',
    package_name: packageName,
    path: file,
    original_file_path: file,
    unique_id: `macro.${packageName}.${name}`,
    macro_sql: sql,
    depends_on: { macros: [] },
    description: '',
    meta: {},
    docs: { show: true, node_color: null },
    config: { meta: {}, docs: { show: true, node_color: null } },
    patch_path: null,
    arguments: [],
    created_at: createdAt,
    supported_languages:
      block.kind === 'materialization'
        ? (languages?.split(',').map((one) => one.replace(/['"\s]/g, '')) ?? ['sql'])
        : null,
  };
}

export interface MacroRegistryOptions {
  /** The package that is run. */
  readonly root: string;
  /** Packages that come with the program, the most special first: `dbt_duckdb`, `dbt`. */
  readonly internal: readonly string[];
  /** What `adapter.dispatch` puts in front: `duckdb`, `default`. */
  readonly prefixes: readonly string[];
  /** From dbt_project.yml: where to look for macros of a package, in order. */
  readonly searchOrders: ReadonlyMap<string, readonly string[]>;
}

/** All macros by package and name, and the ways in which dbt finds one. */
export class MacroRegistry {
  readonly options: MacroRegistryOptions;
  private readonly packages = new Map<string, Map<string, Macro>>();

  constructor(options: MacroRegistryOptions) {
    this.options = options;
  }

  /** @throws `MACRO_DUPLICATE`. */
  add(macros: Iterable<Macro>): void {
    for (const macro of macros) {
      let own = this.packages.get(macro.packageName);
      if (!own) this.packages.set(macro.packageName, (own = new Map()));
      const other = own.get(macro.name);
      if (other) {
        throw projectErrors.MACRO_DUPLICATE({
          name: macro.name,
          package: macro.packageName,
          files: [other.source.file, macro.source.file],
        });
      }
      own.set(macro.name, macro);
    }
  }

  *all(): Generator<Macro> {
    for (const own of this.packages.values()) yield* own.values();
  }

  packageNames(): string[] {
    return [...this.packages.keys()];
  }

  /** What a template of package `from` calls by a bare name. */
  find(name: string, from: string): Macro | undefined {
    const { root } = this.options;
    return this.in(from, name) ?? (from === root ? undefined : this.in(root, name)) ?? this.builtin(name);
  }

  /** `dbt` is all that comes with the program: the adapter's macros hide the general ones. */
  inNamespace(packageName: string, name: string): Macro | undefined {
    return packageName === 'dbt' ? this.builtin(name) : this.in(packageName, name);
  }

  /** Names that a package has, for `{{ dbt_utils }}` as a value. */
  namesIn(packageName: string): string[] {
    const sources = packageName === 'dbt' ? this.options.internal : [packageName];
    return [...new Set(sources.flatMap((one) => [...(this.packages.get(one)?.keys() ?? [])]))];
  }

  hasPackage(name: string): boolean {
    return this.packages.has(name);
  }

  private in(packageName: string, name: string): Macro | undefined {
    return this.packages.get(packageName)?.get(name);
  }

  private builtin(name: string): Macro | undefined {
    for (const one of this.options.internal) {
      const found = this.in(one, name);
      if (found) return found;
    }
    return undefined;
  }

  /**
   * `adapter.dispatch(name, namespace)` from a template of package `from`.
   *
   * @returns the macro, or the names that were looked for.
   */
  dispatch(
    name: string,
    namespace: string | undefined,
    from: string,
  ): { readonly macro: Macro } | { readonly tried: readonly string[] } {
    const tried: string[] = [];
    for (const where of this.searchOrder(namespace)) {
      for (const prefix of this.options.prefixes) {
        const wanted = `${prefix}__${name}`;
        const macro = where === undefined ? this.find(wanted, from) : this.inNamespace(where, wanted);
        if (macro) return { macro };
        tried.push(where === undefined ? wanted : `${where}.${wanted}`);
      }
    }
    return { tried };
  }

  private searchOrder(namespace: string | undefined): readonly (string | undefined)[] {
    if (namespace === undefined) return [undefined];
    const configured = this.options.searchOrders.get(namespace);
    if (configured) return configured;
    return this.packages.has(namespace) ? [this.options.root, namespace] : [undefined];
  }

  /**
   * The macro of a materialization: the root's own, then a package's (if it is one of the root's choosing), then the program's;
   * in each the adapter's before the default.
   */
  materialization(name: string, from: string): Macro | undefined {
    const { root, internal, prefixes } = this.options;
    const adapters = [...prefixes.filter((one) => one !== 'default'), 'default'];
    const builtin = new Set(internal);
    const others = [...this.packages.keys()].filter((one) => one !== root && !builtin.has(one) && one !== from);
    const isBuiltin = adapters.some((adapter) => this.builtin(`materialization_${name}_${adapter}`));
    const packages = isBuiltin ? [root] : [root, from, ...others];
    for (const adapter of adapters) {
      for (const where of packages) {
        const found = this.in(where, `materialization_${name}_${adapter}`);
        if (found) return found;
      }
      const found = this.builtin(`materialization_${name}_${adapter}`);
      if (found) return found;
    }
    return undefined;
  }

  /** A `generate_…_name` macro: the root's own, else the program's; for a package's own nodes see `generateFor`. */
  generate(name: string): Macro | undefined {
    return this.in(this.options.root, name) ?? this.builtin(name);
  }

  /** A package's own `generate_…_name`, which counts for its nodes alone. */
  generateFor(name: string, packageName: string): Macro | undefined {
    return this.options.internal.includes(packageName) ? undefined : this.in(packageName, name);
  }
}

const CALL = /(?<![|.]\s*)\b([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*))?\s*\(/g;
const DISPATCH =
  /dispatch\(\s*(?:macro_name\s*=\s*)?['"](\w+)['"](?:\s*,\s*(?:macro_namespace\s*=\s*)?['"](\w+)['"])?/g;

const TEXTS = /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/g;

/** What stands in the tags of a template, without the SQL around them and the comments. */
function codeIn(text: string): string {
  const tags = text.replace(/\{#[^]*?#\}/g, '').matchAll(/\{\{[^]*?\}\}|\{%[^]*?%\}/g);
  return Array.from(tags, ([tag]) => tag.slice(2, -2)).join('\n');
}

/** Fills in which macros each macro calls, from its text: what manifest.json says and what state comparison goes by. */
export function findMacroDependencies(registry: MacroRegistry): void {
  for (const { info } of registry.all()) {
    const { macros } = info.depends_on;
    if (macros.length > 0) continue;
    const found = new Set<string>();
    const code = codeIn(info.macro_sql);
    for (const [, first = '', second] of code.replace(TEXTS, "''").matchAll(CALL)) {
      const macro =
        second === undefined
          ? registry.find(first, info.package_name)
          : registry.hasPackage(first) || first === 'dbt'
            ? registry.inNamespace(first, second)
            : undefined;
      if (macro) found.add(macro.info.unique_id);
    }
    for (const [, name = '', namespace] of code.matchAll(DISPATCH)) {
      const result = registry.dispatch(name, namespace, info.package_name);
      if ('macro' in result) found.add(result.macro.info.unique_id);
    }
    found.delete(info.unique_id);
    macros.push(...found);
  }
}
