import { isRecord } from '../project/plain.ts';
import type { Invocation } from './invocation.ts';

/**
 * The variables that a node of a package sees: those of its own package's dbt_project.yml, over them the root's, and over all
 * the command line's. What stands under a package's name counts for that package, over what stands beside.
 */
export function varsFor(invocation: Invocation, packageName: string): (name: string) => unknown {
  const layers: Readonly<Record<string, unknown>>[] = [invocation.vars];
  const names = packageName === invocation.root.name ? [] : [packageName];
  for (const name of [invocation.root.name, ...names]) {
    const vars =
      name === invocation.root.name ? invocation.root.project.vars : invocation.packages.get(name)?.project.vars;
    const own = vars?.[packageName];
    if (isRecord(own)) layers.push(own);
    if (vars) layers.push(vars);
  }
  return (name) => {
    for (const layer of layers) if (Object.hasOwn(layer, name)) return layer[name];
    return undefined;
  };
}
