import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isMissing } from '../../../kernel/index.ts';
import { cleanName, fileRelation } from '../../source.ts';
import { batchOf } from './partition.ts';
import type { Project } from './project.ts';
import type { Fields } from './read-document.ts';
import { fieldsAt, isFields, textAt } from './read-document.ts';

/** The data of a validation. */
export interface Data {
  readonly relation: string;
  readonly dataName?: string;
  /** Rows come in the order in which they were written. */
  readonly isInOrder?: boolean;
}

/** The data, or what keeps it from being known, in words. */
export type Found = Data | string;

/** `relation: orders`, `relation: (select …)`, `relation: events/*.parquet`: files are looked for from the project's folder. */
export function ownData(relation: string, { root }: Project): Data {
  const file = /^[(\s]/.test(relation) ? undefined : fileRelation(resolve(root, relation));
  return file === undefined ? { relation } : { relation: file, isInOrder: true };
}

/** The data that a `batch_request` of 0.13 to 0.18 names. */
export async function dataOfRequest(request: Fields, project: Project): Promise<Found> {
  const name = textAt(request, 'data_asset_name');
  const parameters = fieldsAt(request, 'runtime_parameters');
  const query = textAt(parameters, 'query');
  if (query !== undefined) return named(queried(query), name);
  const path = textAt(parameters, 'path');
  if (path !== undefined) return fileData(path, project, name);
  if (name === undefined) return 'its batch request names no data_asset_name';
  const source = textAt(request, 'datasource_name') ?? '';
  const options = { ...fieldsAt(request, 'options'), ...batchFilter(request) };
  const asset = fieldsAt(fieldsAt(fieldsAt(fieldsAt(project.config, 'fluent_datasources'), source), 'assets'), name);
  if (Object.keys(asset).length > 0) return dataOfAsset({ source, name, options }, project);
  const connector = textAt(request, 'data_connector_name') ?? '';
  const configured = fieldsAt(
    fieldsAt(fieldsAt(fieldsAt(fieldsAt(project.config, 'datasources'), source), 'data_connectors'), connector),
    'assets',
  )[name];
  if (isFields(configured)) {
    const table = textAt(configured, 'table_name') ?? name;
    const schema = textAt(configured, 'schema_name');
    const whole = schema === undefined ? table : `${schema}.${table}`;
    const relation = batchOf(whole, splitterOf(configured), options);
    return relation === undefined ? 'its splitter is not known' : named(relation, name);
  }
  return { relation: name };
}

/** The data of `batch_kwargs`, as before 0.13. */
export function dataOfKwargs(kwargs: Fields, project: Project): Found {
  const [table, schema, query, path] = ['table', 'schema', 'query', 'path'].map((key) => textAt(kwargs, key));
  const name = textAt(kwargs, 'data_asset_name');
  if (query !== undefined) return named(queried(query), name);
  if (table !== undefined) return { relation: schema === undefined ? table : `${schema}.${table}` };
  return path === undefined ? 'its batch_kwargs hold neither table, query nor path' : fileData(path, project, name);
}

interface AssetRequest {
  readonly source: string;
  readonly name: string;
  readonly options: Fields;
  /** Name of the batch definition of 1.x. */
  readonly batch?: string;
}

/** The data of an asset of a project's `fluent_datasources`. */
export async function dataOfAsset({ source, name, options, batch }: AssetRequest, project: Project): Promise<Found> {
  const datasource = fieldsAt(fieldsAt(project.config, 'fluent_datasources'), source);
  const asset = fieldsAt(fieldsAt(datasource, 'assets'), name);
  if (Object.keys(asset).length === 0) return `there is no asset ${name} of ${source} in the project`;
  const definition = batch === undefined ? {} : fieldsAt(fieldsAt(asset, 'batch_definitions'), batch);
  const parting = definition['partitioner'] ?? asset['partitioner'] ?? asset['splitter'];
  const query = textAt(asset, 'query');
  if (asset['type'] === 'query' && query !== undefined) {
    const relation = batchOf(queried(query), parting, options);
    return relation === undefined ? 'its way of making batches is not known' : named(relation, name);
  }
  if (asset['type'] === 'table') {
    const table = textAt(asset, 'table_name') ?? name;
    const schema = textAt(asset, 'schema_name');
    const relation = batchOf(schema === undefined ? table : `${schema}.${table}`, parting, options);
    return relation === undefined ? 'its way of making batches is not known' : named(relation, name);
  }
  const folder = textAt(datasource, 'base_directory');
  if (folder === undefined) return `an asset of type ${String(asset['type'])} is neither a table, a query nor files`;
  const partitioner = isFields(parting) ? parting : {};
  const regex = textAt(partitioner, 'regex') ?? textAt(asset, 'batching_regex') ?? textAt(partitioner, 'path') ?? '.*';
  const path = await lastFile(resolve(project.root, folder), regex, options);
  return path === undefined ? `no file in ${folder} matches ${regex}` : fileData(path, project, name);
}

/** The last of the files that match, in the order of their names: the batch that Great Expectations takes. */
async function lastFile(folder: string, regex: string, options: Fields): Promise<string | undefined> {
  const pattern = new RegExp(`^(?:${regex.replaceAll('(?P<', '(?<')})`);
  const files = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const matching = files
    .toSorted((a, b) => (a < b ? -1 : 1))
    .filter((file) => {
      const found = pattern.exec(file);
      if (found === null || fileRelation(file) === undefined) return false;
      return Object.entries(options).every(([key, value]) => (found.groups?.[key] ?? String(value)) === String(value));
    });
  const last = matching.at(-1);
  return last === undefined ? undefined : join(folder, last);
}

function fileData(path: string, { root }: Project, name: string | undefined): Found {
  const relation = fileRelation(resolve(root, path));
  if (relation === undefined) return `${path} is no Parquet, CSV or JSON file`;
  return { ...named(relation, name), isInOrder: true };
}

function named(relation: string, name: string | undefined): Data {
  const isTable = !relation.startsWith('(');
  return name === undefined || isTable ? { relation } : { relation, dataName: cleanName(name) };
}

function queried(query: string): string {
  return `(${query.trim().replace(/;\s*$/, '')})`;
}

function batchFilter(request: Fields): Fields {
  const query = fieldsAt(request, 'data_connector_query');
  return fieldsAt(query, 'batch_filter_parameters');
}

function splitterOf(asset: Fields): unknown {
  const method = textAt(asset, 'splitter_method');
  if (method === undefined) return undefined;
  return { method_name: method.replace(/^_/, ''), ...fieldsAt(asset, 'splitter_kwargs') };
}

/** The data of a validation definition of 1.x: names of a datasource, an asset and a batch definition. */
export function dataOfDefinition(data: Fields, project: Project): Promise<Found> {
  const nameOf = (key: string): string => textAt(fieldsAt(data, key), 'name') ?? '';
  return dataOfAsset(
    { source: nameOf('datasource'), name: nameOf('asset'), batch: nameOf('batch_definition'), options: {} },
    project,
  );
}
