import { dirname, join, resolve } from 'node:path';
import type { ResultFormatOption } from '../../run/result-format.ts';
import type { ActionConfig } from '../action.ts';
import type { Found } from './data.ts';
import { dataOfDefinition, dataOfKwargs, dataOfRequest, ownData } from './data.ts';
import { checkpointFileErrors } from './errors.ts';
import type { Project } from './project.ts';
import { storeOf } from './project.ts';
import type { Fields } from './read-document.ts';
import { fieldsAt, isFields, listAt, readDocument, textAt } from './read-document.ts';

/** One suite over some data, as a checkpoint's file has it; or the tests of a dbt project. */
export interface Entry {
  /** Where it stands, for messages: `Validation 2`. */
  readonly place: string;
  /** Name or path of the suite. */
  readonly suite: string | undefined;
  readonly data: Found;
  readonly parameters?: Fields;
  readonly resultFormat?: ResultFormatOption;
  readonly goodRows?: string;
  /** Where the manifest of a dbt project is, and which of its models are wanted. */
  readonly dbt?: { readonly path: string; readonly select?: readonly string[] };
}

interface Entries {
  readonly entries: readonly Entry[];
  readonly actions: readonly ActionConfig[];
  /** The checkpoint's fields, with those of its template. */
  readonly fields: Fields;
}

interface Place {
  readonly project: Project;
  readonly file: string;
}

/** The validations and actions of a checkpoint of any version. Rejects with `CHECKPOINT_UNREADABLE` where there is none. */
export async function entriesOf(written: Fields, place: Place): Promise<Entries> {
  const fields = await withTemplate(written, place);
  if (Array.isArray(fields['batches'])) return ofBatches(fields, place.project);
  const entries = Array.isArray(fields['validation_definitions'])
    ? await ofDefinitions(listAt(fields, 'validation_definitions'), place)
    : await ofValidations(fields, place.project);
  if (entries.length === 0) {
    throw checkpointFileErrors.CHECKPOINT_UNREADABLE({ path: place.file, problem: 'it has no validations' });
  }
  return { entries, actions: actionsOf(fields), fields };
}

/** Fields of the checkpoint named as template lie under the file's own. */
async function withTemplate(fields: Fields, place: Pick<Place, 'file'>, depth = 0): Promise<Fields> {
  const name = textAt(fields, 'template_name');
  if (name === undefined || depth > 5) return fields;
  const template = (await readDocument(join(dirname(place.file), `${name}.yml`))) ?? {};
  const below = await withTemplate(template, place, depth + 1);
  const own = Object.fromEntries(Object.entries(fields).filter(([, value]) => !isNothing(value)));
  return { ...below, ...own };
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** `validations` of 0.13 to 0.18, and our own; what stands on top holds where a validation says nothing. */
async function ofValidations(fields: Fields, project: Project): Promise<readonly Entry[]> {
  const listed = listAt(fields, 'validations');
  const validations = listed.length === 0 && 'batch_request' in fields ? [{}] : listed;
  return Promise.all(
    validations.map(async (validation, i): Promise<Entry> => {
      const dbt = textAt(validation, 'dbt');
      if (dbt !== undefined) return dbtEntry(`Validation ${i + 1}`, resolve(project.root, dbt), validation['select']);
      const own = textAt(validation, 'relation') ?? textAt(fields, 'relation');
      const request = isFields(validation['batch_request'])
        ? validation['batch_request']
        : fieldsAt(fields, 'batch_request');
      const suite = ['suite', 'expectation_suite_name'].flatMap(
        (key) => textAt(validation, key) ?? textAt(fields, key) ?? [],
      )[0];
      const format =
        fieldsAt(validation, 'runtime_configuration')['result_format'] ?? validation['result_format'] ?? undefined;
      const parameters = { ...fieldsAt(validation, 'evaluation_parameters'), ...fieldsAt(validation, 'parameters') };
      const goodRows = textAt(validation, 'good_rows');
      return {
        place: `Validation ${i + 1}`,
        suite,
        data: own === undefined ? await dataOfRequest(request, project) : ownData(own, project),
        ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
        ...(format === undefined ? {} : { resultFormat: format as ResultFormatOption }), // read leniently by `validate`
        ...(goodRows === undefined ? {} : { goodRows }),
      };
    }),
  );
}

function dbtEntry(place: string, path: string, select: unknown): Entry {
  const names = Array.isArray(select) ? select.filter((name) => typeof name === 'string') : undefined;
  return { place, suite: undefined, data: path, dbt: { path, ...(names === undefined ? {} : { select: names }) } };
}

/** `batches` of 0.11 to 0.13: each with its suites; the actions are those of a validation operator of the project. */
function ofBatches(fields: Fields, project: Project): Entries {
  const entries = listAt(fields, 'batches').flatMap((batch, i): readonly Entry[] => {
    const names = batch['expectation_suite_names'];
    const suites = Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
    const data = dataOfKwargs(fieldsAt(batch, 'batch_kwargs'), project);
    const place = `Batch ${i + 1}`;
    return suites.length === 0 ? [{ place, suite: undefined, data }] : suites.map((suite) => ({ place, suite, data }));
  });
  const operator = textAt(fields, 'validation_operator_name') ?? '';
  const operators = fieldsAt(project.config, 'validation_operators');
  return { entries, actions: actionsOf(fieldsAt(operators, operator)), fields };
}

/** `validation_definitions` of 1.x: names of files in the project, each with the names of its suite and data. */
function ofDefinitions(listed: readonly Fields[], { project, file }: Place): Promise<readonly Entry[]> {
  const folder = storeOf(project, 'validation_definition', 'validation_definitions');
  return Promise.all(
    listed.map(async (one, i): Promise<Entry> => {
      const name = textAt(one, 'name') ?? '';
      const path = join(folder, `${name}.json`);
      // A checkpoint that was not saved in a project holds its definitions themselves.
      const definition = isFields(one['data']) ? one : await readDocument(path);
      const place = `Validation definition ${i + 1} (${name})`;
      if (definition === undefined) return { place, suite: name, data: `there is no ${path}, which ${file} names` };
      return {
        place,
        suite: textAt(fieldsAt(definition, 'suite'), 'name'),
        data: await dataOfDefinition(fieldsAt(definition, 'data'), project),
      };
    }),
  );
}

/** `actions` of 1.x and `action_list` of the versions before, with those of single validations; each once, by its name. */
function actionsOf(fields: Fields): readonly ActionConfig[] {
  const old = [fields, ...listAt(fields, 'validations')].flatMap((of) =>
    listAt(of, 'action_list').map((one) => ({ ...fieldsAt(one, 'action'), name: textAt(one, 'name') ?? '' })),
  );
  const all = [...listAt(fields, 'actions'), ...old, ...simpleActions(fields)];
  const named = new Map(all.map((action, i) => [textAt(action, 'name') ?? String(i), action]));
  return [...named.values()].map(({ name, ...options }) => ({
    ...options,
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
  }));
}

/** A SimpleCheckpoint has its Slack address among its own fields. */
function simpleActions(fields: Fields): readonly Fields[] {
  const slack_webhook = textAt(fields, 'slack_webhook');
  if (slack_webhook === undefined) return [];
  const notify_on = textAt(fields, 'notify_on') ?? 'all';
  return [{ name: 'send_slack_notification_on_validation_result', type: 'slack', slack_webhook, notify_on }];
}
