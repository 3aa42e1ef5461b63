import { contextOf } from '../context/node-context.ts';
import type { Invocation } from '../context/node-context.ts';
import { Relation } from '../context/relation.ts';
import { renderTest } from '../context/render-test.ts';
import { render } from '../jinja/run.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { nearestNames, projectErrors } from '../project/errors.ts';
import type { Model, Place, Project, Test } from '../project/project.ts';
import { refOf, sourceOf } from '../project/references.ts';

/** One run over a project: what its templates are compiled with. */
export interface Compilation {
  readonly project: Project;
  readonly invocation: Invocation;
  /** The text of ephemeral models that were compiled already, by unique id. */
  readonly ephemeral: Map<string, string>;
}

/** Where a node is, in words that SQL reads: `"warehouse"."public"."sessions"`. */
export function relationOf(place: Place, { invocation }: Compilation): Relation {
  return new Relation({
    database: place.database ?? invocation.database,
    schema: place.schema,
    identifier: place.identifier,
  });
}

/** A node's SQL: its template run with the warehouse behind it, ephemeral models put in front as `with`. */
export async function compileNode(node: Model | Test, compilation: Compilation): Promise<string> {
  const { project, invocation } = compilation;
  const used: Model[] = [];
  const self =
    node.kind === 'model'
      ? relationOf(node.place, compilation)
      : new Relation({ database: invocation.database, schema: project.target.schema, identifier: node.name });

  const ref = (given: Arguments): Value => {
    const reference = refOf(given);
    const model = project.models.find(({ name }) => reference.kind === 'ref' && name === reference.name);
    if (!model) {
      const nearest = nearestNames(
        reference.name,
        project.models.map(({ name }) => name),
      );
      throw projectErrors.REF_UNKNOWN({ from: node.file, name: reference.name, nearest });
    }
    if (!node.dependsOn.includes(model.uniqueId)) {
      throw projectErrors.REF_NOT_FOUND_AT_PARSE({ from: node.file, name: model.name });
    }
    if (model.config.materialized !== 'ephemeral') return relationOf(model.place, compilation);
    if (!used.includes(model)) used.push(model);
    return new Relation({ identifier: cteName(model) });
  };
  const source = (given: Arguments): Value => {
    const reference = sourceOf(given);
    const name = reference.kind === 'source' ? `${reference.source}.${reference.name}` : '';
    const found = project.sources.find((one) => `${one.sourceName}.${one.name}` === name);
    if (found) return relationOf(found.place, compilation);
    const nearest = nearestNames(
      name,
      project.sources.map((one) => `${one.sourceName}.${one.name}`),
    );
    throw projectErrors.SOURCE_UNKNOWN({ from: node.file, name, nearest });
  };
  const config = plainConfig(node);
  const globals = contextOf(invocation, {
    uniqueId: node.uniqueId,
    name: node.name,
    file: node.file,
    self,
    model: {
      name: node.name,
      alias: self.identifier,
      schema: self.schema ?? null,
      database: self.database ?? null,
      unique_id: node.uniqueId,
      resource_type: node.kind,
      fqn: node.fqn,
      tags: node.tags,
      path: node.path,
      original_file_path: node.file,
      package_name: project.name,
      description: node.kind === 'model' ? node.description : '',
      config,
    },
    config: () => config,
    onConfig: () => undefined,
    ref,
    source,
  });
  const sql = node.kind === 'test' ? await renderTest(node, { globals }) : await render(node.template, { globals });
  return withEphemeral(sql, used, compilation);
}

const cteName = (model: Model): string => `__dbt__cte__${model.name}`;

/** Puts the ephemeral models that a text uses, and those that they use, in front of it. */
async function withEphemeral(sql: string, used: readonly Model[], compilation: Compilation): Promise<string> {
  if (used.length === 0) return sql;
  const parts: string[] = [];
  for (const model of used) {
    const text = compilation.ephemeral.get(model.uniqueId) ?? (await compileNode(model, compilation));
    compilation.ephemeral.set(model.uniqueId, text);
    parts.push(`"${cteName(model)}" as (\n${text}\n)`);
  }
  const start = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/.exec(sql)?.[0] ?? '';
  const rest = sql.slice(start.length);
  const own = /^with\s+(recursive\s+)?/i.exec(rest);
  if (own) return `${start}with ${own[1] ?? ''}${parts.join(', ')}, ${rest.slice(own[0].length)}`;
  return `${start}with ${parts.join(', ')}\n${rest}`;
}

function plainConfig(node: Model | Test): Readonly<Record<string, unknown>> {
  if (node.kind === 'model') {
    const { other, ...config } = node.config;
    return { ...other, ...config };
  }
  const { warnIf, errorIf, failCalc, ...config } = node.config;
  return { ...config, warn_if: warnIf, error_if: errorIf, fail_calc: failCalc };
}
