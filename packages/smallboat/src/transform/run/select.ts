import type { Model, Project, Test } from '../project/project.ts';
import { nearestNames, projectErrors } from '../project/errors.ts';

/** The nodes of a run, in order. */
export interface Selection {
  readonly models: readonly Model[];
  readonly tests: readonly Test[];
}

/**
 * What `--select` and `--exclude` name, as in dbt: names of models or tests, `tag:nightly`, `path:models/x`,
 * `source:raw`, `*` as a wildcard; `+` before for all that they need, after for all that needs them; several with spaces
 * between, `,` for those that fit both. A model brings the tests whose other models are selected too.
 *
 * @throws `SELECTION_EMPTY`.
 */
export function selectNodes(project: Project, select: string | undefined, exclude: string | undefined): Selection {
  const all = new Set([...project.models, ...project.tests].map((node) => node.uniqueId));
  const chosen = select === undefined ? all : union(project, select);
  if (chosen.size === 0) {
    const names = [...project.models, ...project.tests].map((node) => node.name);
    throw projectErrors.SELECTION_EMPTY({
      select: select ?? '',
      nearest: nearestNames((select ?? '').replaceAll('+', ''), names),
    });
  }
  const left = exclude === undefined ? new Set<string>() : union(project, exclude);
  const isChosen = (id: string): boolean => chosen.has(id) && !left.has(id);
  return {
    models: project.models.filter((model) => isChosen(model.uniqueId)),
    tests: project.tests.filter((test) => isChosen(test.uniqueId)),
  };
}

function union(project: Project, text: string): Set<string> {
  const chosen = new Set<string>();
  for (const part of text.split(/\s+/).filter((word) => word !== '')) {
    const sets = part.split(',').map((one) => withTests(project, matching(project, one)));
    for (const id of sets[0] ?? []) if (sets.every((set) => set.has(id))) chosen.add(id);
  }
  return chosen;
}

function matching(project: Project, text: string): Set<string> {
  const [, before = '', what = '', after = ''] = /^(\d*\+)?(.*?)(\+\d*)?$/.exec(text) ?? [];
  const chosen = new Set(nodesNamed(project, what));
  const start = [...chosen];
  if (before !== '') spread(project, start, { into: chosen, isUp: true, depth: depthOf(before) });
  if (after !== '') spread(project, start, { into: chosen, isUp: false, depth: depthOf(after) });
  return chosen;
}

const depthOf = (text: string): number => Number(text.replace('+', '') || Infinity);

function nodesNamed(project: Project, what: string): string[] {
  const [method, value] = what.includes(':')
    ? [what.slice(0, what.indexOf(':')), what.slice(what.indexOf(':') + 1)]
    : ['name', what];
  const pattern = new RegExp(`^${value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
  const nodes = [...project.models, ...project.tests];
  switch (method) {
    case 'tag':
      return nodes.filter((node) => node.tags.some((tag) => pattern.test(tag))).map((node) => node.uniqueId);
    case 'path':
      return nodes
        .filter((node) => pattern.test(node.file) || node.file.startsWith(`${value.replace(/\/$/, '')}/`))
        .map((node) => node.uniqueId);
    case 'source':
      return project.sources
        .filter((one) => pattern.test(one.sourceName) || pattern.test(`${one.sourceName}.${one.name}`))
        .map((one) => one.uniqueId);
    default:
      return nodes
        .filter(
          (node) =>
            pattern.test(node.name) ||
            pattern.test(node.fqn.slice(1).join('.')) ||
            (node.kind === 'model' && node.fqn.slice(1, -1).includes(value)) ||
            pattern.test(`${project.name}.${node.name}`),
        )
        .map((node) => node.uniqueId);
  }
}

interface Spread {
  readonly into: Set<string>;
  readonly isUp: boolean;
  readonly depth: number;
}

function spread(project: Project, start: readonly string[], { into, isUp, depth }: Spread): void {
  let edge = start;
  for (let step = 0; step < depth && edge.length > 0; step += 1) {
    const next = isUp
      ? project.models.filter((model) => edge.includes(model.uniqueId)).flatMap((model) => model.dependsOn)
      : project.models
          .filter((model) => model.dependsOn.some((id) => edge.includes(id)))
          .map((model) => model.uniqueId);
    edge = next.filter((id) => !into.has(id));
    for (const id of edge) into.add(id);
  }
}

/** Adds the tests about chosen models: those that read no model outside of the choice. */
function withTests(project: Project, chosen: Set<string>): Set<string> {
  for (const test of project.tests) {
    const models = test.dependsOn;
    if (models.length > 0 && models.every((id) => chosen.has(id))) chosen.add(test.uniqueId);
  }
  return chosen;
}
