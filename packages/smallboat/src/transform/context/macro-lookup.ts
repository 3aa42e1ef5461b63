import { outermost } from '../jinja/scope.ts';
import { macro } from '../jinja/run.ts';
import { parseTemplate } from '../jinja/parse.ts';
import type { Template } from '../jinja/parse.ts';
import type { Value } from '../jinja/value.ts';
import type { Fn } from '../jinja/value.ts';
import { Bag, PyError } from '../jinja/value.ts';
import type { Macro } from '../project/project.ts';
import { nearestNames } from '../project/errors.ts';
import { BUILTIN_MACROS } from './builtin-macros.ts';

/** The macros that a template declares. */
export function macrosIn(template: Template, packageName: string): Macro[] {
  return template.body.flatMap((node) =>
    node.kind === 'macro' ? [{ name: node.name, package: packageName, node, template }] : [],
  );
}

let builtin: readonly Macro[] | undefined;

/** dbt's own macros, read once. */
export function builtinMacros(): readonly Macro[] {
  builtin ??= macrosIn(parseTemplate({ file: "dbt's own macros", text: BUILTIN_MACROS }), 'dbt');
  return builtin;
}

/** Macros by name, as the templates of one node find them. */
export interface MacroLookup {
  /** A macro of the project, else one of dbt's own. */
  find(name: string): Fn | undefined;
  /** The namespace of a package: `dbt_utils` of `dbt_utils.star`. */
  namespace(name: string): Value | undefined;
  /** `adapter.dispatch(name, namespace)`. */
  dispatch(name: string, namespace: string | undefined): Fn;
}

export interface LookupOptions {
  readonly macros: readonly Macro[];
  readonly project: string;
  readonly adapter: string;
  readonly globals: (name: string) => Value | undefined;
  readonly isLenient: boolean;
}

export function macroLookup({ macros, project, adapter, globals, isLenient }: LookupOptions): MacroLookup {
  const all = [...macros, ...builtinMacros()];
  const packages = [...new Set(all.map((one) => one.package))];
  const made = new Map<Macro, Fn>();
  const inPackage = (packageName: string, name: string): Fn | undefined => {
    const found = all.find((one) => one.package === packageName && one.name === name);
    if (found === undefined) return undefined;
    const known = made.get(found);
    if (known !== undefined) return known;
    const fn = macro(found.node, { source: found.template.source, scope: outermost(globals), isLenient });
    made.set(found, fn);
    return fn;
  };
  const find = (name: string): Fn | undefined => inPackage(project, name) ?? inPackage('dbt', name);
  return {
    find,
    namespace(name) {
      if (!packages.includes(name)) return undefined;
      const own = all.filter((one) => one.package === name);
      const values = Object.fromEntries(own.map((one) => [one.name, inPackage(name, one.name) ?? null]));
      return new Bag(name, values);
    },
    dispatch(name, namespace) {
      if (name.includes('.'))
        throw new PyError(
          `adapter.dispatch takes the package apart: write dispatch('${name.split('.')[1] ?? ''}', '${name.split('.')[0] ?? ''}')`,
        );
      // As dbt: the project's own first, then the package that asks, then dbt's.
      const order = [...new Set([project, ...(namespace === undefined ? [] : [namespace]), 'dbt'])];
      for (const packageName of order) {
        for (const prefix of [adapter, 'default']) {
          const found = inPackage(packageName, `${prefix}__${name}`);
          if (found !== undefined) return found;
        }
      }
      const near = nearestNames(
        `default__${name}`,
        all.map((one) => one.name),
      );
      throw new PyError(
        `In dispatch: no macro named '${adapter}__${name}' or 'default__${name}' in ${order.join(', ')}${near.length > 0 ? `; did you mean '${near.join("' or '")}'?` : ''}`,
      );
    },
  };
}
