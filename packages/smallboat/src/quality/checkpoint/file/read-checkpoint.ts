import { basename, resolve } from 'node:path';
import * as z from 'zod';
import { SmallboatError } from '../../../kernel/index.ts';
import { dbtValidations } from '../../dbt/dbt-validations.ts';
import type { ResultFormatOption } from '../../run/result-format.ts';
import type { Severity } from '../../suite/suite.ts';
import { oneLine } from '../../suite/suite.ts';
import type { ActionConfig } from '../action.ts';
import type { Validation } from '../checkpoint.ts';
import { entriesOf } from './entries.ts';
import type { Entry } from './entries.ts';
import { checkpointFileErrors } from './errors.ts';
import { projectOf, suitePath } from './project.ts';
import { readDocument, textAt } from './read-document.ts';
import { runNameOf } from './run-name.ts';
import { withVariables } from './variables.ts';

/** A checkpoint as its file has it, ready to run: its fields are options of `runCheckpoint`. */
export interface CheckpointFile {
  readonly name: string;
  readonly validations: readonly Validation[];
  readonly actions: readonly ActionConfig[];
  /** The run's name by the file's template; the checkpoint's where it has none. */
  readonly runName: string;
  readonly resultFormat?: ResultFormatOption;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly failOn?: Severity;
  readonly quarantine?: boolean;
}

export interface ReadCheckpointOptions {
  /** Values for `${NAME}` in the file. Actions keep theirs until they run. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: () => Date;
}

const FormatOption = z.union([z.string(), z.record(z.string(), z.unknown())]);
const Rest = z.object({
  result_format: FormatOption.nullish(),
  runtime_configuration: z.object({ result_format: FormatOption.nullish() }).nullish(),
  evaluation_parameters: z.record(z.string(), z.unknown()).nullish(),
  suite_parameters: z.record(z.string(), z.unknown()).nullish(),
  fail_on: z.enum(['critical', 'warning', 'info']).nullish(),
  quarantine: z.boolean().nullish(),
});

/**
 * Reads a checkpoint, YAML or JSON, as Great Expectations writes it: with `batches` (before 0.13), `validations` (0.13 to
 * 0.18, with `template_name`, and SimpleCheckpoint) or `validation_definitions` (1.x). Suites and assets are found in the
 * project around it. A validation may also name its data itself: `relation`, and a path as `suite`.
 *
 * A validation whose data cannot be known carries its `problem` and fails when the checkpoint runs; the others run.
 * Rejects with `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_UNREADABLE` and `CHECKPOINT_VARIABLE_MISSING`.
 */
export async function readCheckpoint(path: string, options: ReadCheckpointOptions = {}): Promise<CheckpointFile> {
  const file = resolve(path);
  const written = await readDocument(file);
  if (written === undefined) throw checkpointFileErrors.CHECKPOINT_NOT_FOUND({ path });
  const project = await projectOf(file, options.env ?? {});
  const { entries, actions, fields } = await entriesOf(written, { project, file });
  const parsed = Rest.safeParse(fields);
  if (!parsed.success) throw checkpointFileErrors.CHECKPOINT_UNREADABLE({ path, problem: oneLine(parsed.error) });
  const rest = parsed.data;
  const variables = { path, values: project.variables };
  const validations = await Promise.all(
    entries.map(async (entry): Promise<readonly Validation[]> => {
      if (entry.dbt !== undefined) return testsOf(entry.dbt, entry.place);
      const suite = entry.suite === undefined ? '' : await suitePath(entry.suite, project, file);
      return [validationOf(entry, { suite, path, replace: (value) => withVariables(value, variables) })];
    }),
  );
  const name = textAt(fields, 'name') ?? basename(file).replace(/\.\w+$/, '');
  const template = textAt(fields, 'run_name_template');
  const format = rest.runtime_configuration?.result_format ?? rest.result_format;
  const parameters = { ...rest.evaluation_parameters, ...rest.suite_parameters };
  const at = (options.clock ?? (() => new Date()))();
  return {
    name,
    validations: validations.flat(),
    actions,
    runName: template === undefined ? name : runNameOf(withVariables(template, variables), at),
    ...(format ? { resultFormat: format as ResultFormatOption } : {}), // read leniently by `validate`
    ...(Object.keys(parameters).length === 0 ? {} : { parameters: withVariables(parameters, variables) }),
    ...(rest.fail_on ? { failOn: rest.fail_on } : {}),
    ...(typeof rest.quarantine === 'boolean' ? { quarantine: rest.quarantine } : {}),
  };
}

/** The tests of a dbt project; a validation that cannot run where its manifest is not there. */
async function testsOf({ path, select }: NonNullable<Entry['dbt']>, place: string): Promise<readonly Validation[]> {
  try {
    return await dbtValidations(path, select === undefined ? {} : { select });
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    return [{ suite: '', relation: place, problem: error }];
  }
}

interface Reading {
  readonly suite: string;
  readonly path: string;
  readonly replace: <T>(value: T) => T;
}

function validationOf(entry: Entry, { suite, path, replace }: Reading): Validation {
  const rest = {
    suite,
    ...(entry.resultFormat === undefined ? {} : { resultFormat: entry.resultFormat }),
    ...(entry.goodRows === undefined ? {} : { goodRows: entry.goodRows }),
  };
  try {
    if (entry.suite === undefined) throw unknown(entry, path, 'it names no suite');
    if (typeof entry.data === 'string') throw unknown(entry, path, entry.data);
    const { dataName, isInOrder } = entry.data;
    return {
      ...rest,
      relation: replace(entry.data.relation),
      ...(dataName === undefined ? {} : { dataName }),
      ...(isInOrder === undefined ? {} : { isInOrder }),
      ...(entry.parameters === undefined ? {} : { parameters: replace(entry.parameters) }),
    };
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    return { ...rest, relation: entry.place, problem: error };
  }
}

function unknown({ place }: Entry, path: string, problem: string): Error {
  return checkpointFileErrors.CHECKPOINT_DATA_UNKNOWN({ path, place, problem });
}
