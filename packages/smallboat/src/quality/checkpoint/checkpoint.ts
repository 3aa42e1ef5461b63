import { resolve } from 'node:path';
import type { WorkOptions } from '../../kernel/index.ts';
import { SmallboatError, writeWhole } from '../../kernel/index.ts';
import type { Warehouse } from '../../warehouse/index.ts';
import { updateDataDocs } from '../docs/data-docs.ts';
import { earlierRuns, historyOf, noteRun, readHistory } from '../docs/history.ts';
import { placeOf } from '../docs/place.ts';
import type { ExpectationKind } from '../kind.ts';
import type { ResultFormatOption } from '../run/result-format.ts';
import type { ValidationResult } from '../run/result.ts';
import { statisticsOf } from '../run/result.ts';
import { raised } from '../run/outcome.ts';
import { metaOf, validate } from '../run/validate.ts';
import { dataNameOf } from '../source.ts';
import type { Severity, Suite, SuiteProblem } from '../suite/suite.ts';
import { readSuite } from '../suite/suite.ts';
import type { ActionConfig, ActionContext } from './action.ts';
import { runActions } from './actions.ts';
import type { ActionOutcome, CheckpointResult, CheckpointValidation } from './checkpoint-result.ts';
import { blocks, failureOf } from './checkpoint-result.ts';
import { metricOf } from './metric.ts';

/** A suite to run over a relation. */
export interface Validation {
  /** A suite, or the path of one. */
  readonly suite: Suite | string;
  readonly relation: string;
  /** Short name of the data; default as in `validate`. */
  readonly dataName?: string;
  /** Values for the suite's parameters. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly resultFormat?: ResultFormatOption;
  /** The rows of the relation come in the order in which they were written: a file that is read alone. */
  readonly isInOrder?: boolean;
  /** A table for the rows that no failed expectation rejects; default as in `validate`. */
  readonly goodRows?: string;
  /** Why it cannot run: it then fails, and the others run. */
  readonly problem?: SuiteProblem;
}

export interface CheckpointOptions extends WorkOptions, Partial<Omit<ActionContext, 'checkpoint'>> {
  readonly warehouse: Warehouse;
  readonly validations: readonly Validation[];
  /** Folder of the data docs: results as JSON, their history, and pages as HTML. */
  readonly folder: string;
  /** `<flow>-<run>`; each validation's run name is this with `-<data>`. */
  readonly runName: string;
  /** Reject with `EXPECTATIONS_FAILED` when something blocking failed, after all is written. Default false. */
  readonly failOnError?: boolean;
  /** The least severity of a failed expectation that blocks. Default `info`: any. */
  readonly failOn?: Severity;
  /** Copy failing rows to `quality_quarantine.<data>`. Default true. */
  readonly quarantine?: boolean;
  /** A folder for Parquet files of them instead. DuckDB only. */
  readonly quarantineFolder?: string;
  readonly resultFormat?: ResultFormatOption;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly expectations?: readonly ExpectationKind[];
  /** What is done when all is validated: messages to people, figures to a tracker. */
  readonly actions?: readonly ActionConfig[];
  readonly clock?: () => Date;
}

/**
 * Runs suites over relations, one after the other, and keeps what came of it: results as JSON with their history, failing
 * rows in quarantine tables, a page for each validation and an index of all; then the actions. Every validation runs, also
 * after one that failed or whose suite or table is not there.
 */
export async function runCheckpoint(options: CheckpointOptions): Promise<CheckpointResult> {
  const { runName, onProgress, signal, failOn = 'info' } = options;
  const folder = resolve(options.folder);
  const validations: CheckpointValidation[] = [];
  for (const [i, validation] of options.validations.entries()) {
    signal?.throwIfAborted();
    const before = {
      options,
      validations,
      folder,
      progress: (fraction: number, name: string) => onProgress?.((i + fraction) / options.validations.length, name),
    };
    const { name, result } = await validateOne(validation, before);
    const place = placeOf(folder, runName, name);
    await writeWhole(place.resultPath, `${JSON.stringify(result, null, 1)}\n`);
    await noteRun(folder, name, historyOf(result, runName));
    validations.push({ name, success: result.success, isBlocking: blocks(result, failOn), result, ...place });
  }
  const documented = validations.map(({ name, result }) => ({ runName, name, result }));
  const indexPath = await updateDataDocs(folder, documented);
  const checkpoint = {
    success: validations.every((v) => v.success),
    isBlocking: validations.some((v) => v.isBlocking),
    runName,
    validations,
    indexPath,
  };
  const actions: readonly ActionOutcome[] = await runActions(options.actions ?? [], { ...options, checkpoint });
  const result = { ...checkpoint, actions };
  if (options.failOnError && checkpoint.isBlocking) throw failureOf(result);
  return result;
}

interface Before {
  readonly options: CheckpointOptions;
  /** Those that ran before in this checkpoint. */
  readonly validations: readonly CheckpointValidation[];
  readonly folder: string;
  readonly progress: (fraction: number, name: string) => void;
}

interface Validated {
  readonly name: string;
  readonly result: ValidationResult;
}

async function validateOne(
  validation: Validation,
  { options, validations, folder, progress }: Before,
): Promise<Validated> {
  const { relation } = validation;
  const { warehouse, runName, signal } = options;
  const { problem } = validation;
  if (problem !== undefined) {
    const name = freeName(validation.dataName ?? dataNameOf(relation, ''), validations);
    return { name, result: notValidated(problem, { validation, suite: undefined, name, options }) };
  }
  let suite: Suite | undefined;
  let name = freeName(validation.dataName ?? dataNameOf(relation, suiteNameOf(validation.suite)), validations);
  try {
    suite = await suiteOf(validation.suite, options);
    name = freeName(validation.dataName ?? dataNameOf(relation, suite.name), validations);
    const history = await readHistory(folder, name);
    const format = validation.resultFormat ?? options.resultFormat;
    const result = await validate({
      suite,
      warehouse,
      relation,
      dataName: name,
      runName: `${runName}-${name}`,
      quarantine: options.quarantine ?? true,
      ...(options.quarantineFolder === undefined ? {} : { quarantineFolder: options.quarantineFolder }),
      parameters: { ...options.parameters, ...validation.parameters },
      metric: metricOf(validations, folder),
      earlier: (config) => earlierRuns(history, config),
      onProgress: (fraction) => progress(fraction, name),
      ...(validation.isInOrder === undefined ? {} : { isInOrder: validation.isInOrder }),
      ...(validation.goodRows === undefined ? {} : { goodRows: validation.goodRows }),
      ...(signal === undefined ? {} : { signal }),
      ...(format === undefined ? {} : { resultFormat: format }),
      ...(options.expectations === undefined ? {} : { expectations: options.expectations }),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    return { name, result };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof SmallboatError)) throw error;
    return { name, result: notValidated(error, { validation, suite, name, options }) };
  }
}

interface NotValidated {
  readonly validation: Validation;
  readonly suite: Suite | undefined;
  readonly name: string;
  readonly options: CheckpointOptions;
}

/** The result of a validation that could not run: every expectation that is known of has failed, and says why. */
function notValidated(problem: SuiteProblem, { validation, suite, name, options }: NotValidated): ValidationResult {
  const known = suite ?? { name: suiteNameOf(validation.suite), expectations: [], meta: {} };
  const results = known.expectations.map((config) => raised(config, problem, config.description ?? config.type));
  const { warehouse, runName } = options;
  const { relation } = validation;
  const { code, message } = problem;
  return {
    success: false,
    results,
    suite_name: known.name,
    suite_parameters: {},
    statistics: statisticsOf(results),
    meta: metaOf(
      { runName: `${runName}-${name}`, relation, suite: known, warehouse },
      {
        dataName: name,
        time: (options.clock ?? (() => new Date()))(),
        smallboat: { relation, seconds: 0, statements: 0, quarantine: null, problem: { code, message } },
      },
    ),
    id: null,
  };
}

function suiteNameOf(suite: Suite | string): string {
  return typeof suite === 'string' ? (suite.split(/[/\\]/).at(-1) ?? suite).replace(/\.json$/, '') : suite.name;
}

async function suiteOf(suite: Suite | string, { expectations }: CheckpointOptions): Promise<Suite> {
  if (typeof suite !== 'string') return suite;
  return readSuite(suite, expectations === undefined ? {} : { expectations });
}

/** Two suites over the same data must not write over each other. */
function freeName(name: string, taken: readonly CheckpointValidation[]): string {
  const names = new Set(taken.map((v) => v.name));
  let free = name;
  for (let i = 2; names.has(free); i++) free = `${name}_${i}`;
  return free;
}
