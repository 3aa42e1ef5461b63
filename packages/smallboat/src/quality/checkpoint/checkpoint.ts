import { resolve } from 'node:path';
import type { WorkOptions } from '../../kernel/index.ts';
import { defineErrors, writeWhole } from '../../kernel/index.ts';
import type { Warehouse } from '../../warehouse/index.ts';
import { placeOf, renderDataDocs } from '../docs/data-docs.ts';
import type { ExpectationKind } from '../kind.ts';
import type { ResultFormatOption } from '../run/result-format.ts';
import type { ValidationResult } from '../run/result.ts';
import { examples, expectedInWords, observedInWords } from '../docs/sentences.ts';
import type { Suite } from '../suite/suite.ts';
import { readSuite } from '../suite/suite.ts';
import { validate } from '../run/validate.ts';
import { dataNameOf } from '../source.ts';

/** A suite to run over a relation. */
export interface Validation {
  /** A suite, or the path of one. */
  readonly suite: Suite | string;
  readonly relation: string;
  /** Short name of the data; default as in `validate`. */
  readonly dataName?: string;
}

export interface CheckpointOptions extends WorkOptions {
  readonly warehouse: Warehouse;
  readonly validations: readonly Validation[];
  /** Folder of the data docs: results as JSON and pages as HTML. */
  readonly folder: string;
  /** `<flow>-<run>`; each validation's run name is this with `-<data>`. */
  readonly runName: string;
  /** Reject with `EXPECTATIONS_FAILED` when an expectation failed, after all is written. Default false. */
  readonly failOnError?: boolean;
  /** Copy failing rows to `quality_quarantine.<data>`. Default true. */
  readonly quarantine?: boolean;
  readonly resultFormat?: ResultFormatOption;
  readonly expectations?: readonly ExpectationKind[];
  readonly clock?: () => Date;
}

/** What became of one validation of a checkpoint. */
export interface CheckpointValidation {
  readonly name: string;
  readonly success: boolean;
  readonly result: ValidationResult;
  /** Paths of the result as JSON and of its page. */
  readonly resultPath: string;
  readonly pagePath: string;
}

/** What became of a checkpoint: plain data. */
export interface CheckpointResult {
  readonly success: boolean;
  readonly runName: string;
  readonly validations: readonly CheckpointValidation[];
  /** Path of the data docs' first page. */
  readonly indexPath: string;
}

/** A failed expectation, in words. */
export interface FailedExpectation {
  readonly data: string;
  readonly expectation: string;
  readonly found: string;
  readonly examples: string | null;
}

interface CheckpointFailure {
  readonly runName: string;
  readonly failed: readonly FailedExpectation[];
  readonly evaluated: number;
  readonly page: string;
  readonly quarantine: readonly { readonly table: string; readonly rows: number }[];
}

export const checkpointErrors = defineErrors({
  EXPECTATIONS_FAILED: ({ failed, evaluated, page, quarantine }: CheckpointFailure) =>
    `${failed.length} of ${evaluated} expectations failed.\n${failed
      .map(
        (f) =>
          `  ✕ ${f.data}: ${f.expectation}. Found: ${f.found}${f.examples === null ? '' : `, for example ${f.examples}`}.`,
      )
      .join(
        '\n',
      )}\n${quarantine.map((q) => `The ${q.rows} failing rows are in ${q.table}. `).join('')}See ${page}; correct the data, or the suite if it asks too much.`,
});

/**
 * Runs suites over relations, one after the other, and keeps what came of it: results as JSON, failing rows in
 * quarantine tables, a page for each validation and an index of all. Every validation runs, also after one that failed.
 */
export async function runCheckpoint(options: CheckpointOptions): Promise<CheckpointResult> {
  const { warehouse, runName, onProgress, signal } = options;
  const folder = resolve(options.folder);
  const validations: CheckpointValidation[] = [];
  const suites = await Promise.all(options.validations.map(({ suite }) => suiteOf(suite, options)));
  for (const [i, { relation, dataName }] of options.validations.entries()) {
    const suite = suites[i];
    if (suite === undefined) continue;
    const name = freeName(dataName ?? dataNameOf(relation, suite.name), validations);
    const result = await validate({
      suite,
      warehouse,
      relation,
      dataName: name,
      runName: `${runName}-${name}`,
      quarantine: options.quarantine ?? true,
      onProgress: (fraction) => onProgress?.((i + fraction) / options.validations.length, name),
      ...(signal === undefined ? {} : { signal }),
      ...(options.resultFormat === undefined ? {} : { resultFormat: options.resultFormat }),
      ...(options.expectations === undefined ? {} : { expectations: options.expectations }),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    const place = placeOf(folder, runName, name);
    await writeWhole(place.resultPath, `${JSON.stringify(result, null, 1)}\n`);
    validations.push({ name, success: result.success, result, ...place });
  }
  const indexPath = await renderDataDocs(folder);
  const checkpoint = { success: validations.every((v) => v.success), runName, validations, indexPath };
  if (options.failOnError && !checkpoint.success) throw failureOf(checkpoint);
  return checkpoint;
}

/** The error that says which expectations of a checkpoint failed, for a caller that looks at the result first. */
export function failureOf({ runName, validations, indexPath }: CheckpointResult): Error {
  const failed = validations.flatMap(({ name, result }) =>
    result.results
      .filter((r) => !r.success)
      .map((r) => ({ data: name, expectation: expectedInWords(r), found: observedInWords(r), examples: examples(r) })),
  );
  const broken = validations.filter((v) => !v.success);
  return checkpointErrors.EXPECTATIONS_FAILED({
    runName,
    failed,
    evaluated: validations.reduce((n, v) => n + v.result.results.length, 0),
    page: broken.length === 1 ? (broken[0]?.pagePath ?? indexPath) : indexPath,
    quarantine: broken.flatMap((v) => v.result.meta.smallboat.quarantine ?? []),
  });
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
