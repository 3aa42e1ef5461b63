import { type Dag, OTHERWISE, type Place, numbered } from './definition.ts';

/**
 * A flow's graph in the DOT language of Graphviz: a box a step, a cluster a region, an arrow from each step to those that wait for it.
 * `smallboat check flow.ts --dot | dot -Tsvg`.
 */
export function dotOf(dag: Dag): string {
  const edges = dag.steps.flatMap(({ name, after }) =>
    after.map((before) => `  ${quoted(before)} -> ${quoted(name)};`),
  );
  const all = [...inside(dag, [], '  '), ...edges];
  return [`digraph ${quoted(dag.flow)} {`, '  rankdir=LR;', '  node [shape=box, style=rounded];', ...all, '}'].join(
    '\n',
  );
}

/** The steps and regions that are directly in a place, in the order of the flow. */
function inside(dag: Dag, scope: readonly Place[], indent: string): string[] {
  const isHere = (other: readonly Place[]): boolean => keyOf(other) === keyOf(scope);
  const steps = dag.steps.filter((step) => isHere(step.scope));
  const regions = dag.regions.filter((region) => isHere(region.scope));
  return [
    ...steps.map(({ name, options }) => {
      const label = options.about === undefined ? '' : `tooltip=${quoted(options.about)}`;
      return `${indent}${quoted(name)}${label && ` [${label}]`};`;
    }),
    ...regions.flatMap((region) => {
      const cases = region.kind === 'choice' ? [...region.cases, ...(region.hasOtherwise ? [OTHERWISE] : [])] : [''];
      return cases.flatMap((one) => {
        const place = one === '' ? { region: region.id } : { region: region.id, case: one };
        const content = inside(dag, [...scope, place], `${indent}  `);
        if (content.length === 0) return [];
        const label = numbered([place]).length > 0 ? `${region.kind} ${region.id}` : `${region.id} ${one}`;
        const name = quoted(`cluster_${keyOf([...scope, place])}`);
        return [`${indent}subgraph ${name} {`, `${indent}  label=${quoted(label)};`, ...content, `${indent}}`];
      });
    }),
  ];
}

function keyOf(scope: readonly Place[]): string {
  return scope.map((place) => `${place.region}${place.case === undefined ? '' : `=${place.case}`}`).join('/');
}

/** DOT's quoted text: a backslash before quotes only. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
