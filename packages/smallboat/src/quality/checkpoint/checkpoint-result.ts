import { defineErrors } from '../../kernel/index.ts';
import { examples, expectedInWords, observedInWords } from '../docs/sentences.ts';
import type { ExpectationResult, ValidationResult } from '../run/result.ts';
import type { Severity } from '../suite/suite.ts';

/** What became of one validation of a checkpoint. */
export interface CheckpointValidation {
  readonly name: string;
  readonly success: boolean;
  /** It must stop what comes after it: something failed that is severe enough, and its good rows may not go on alone. */
  readonly isBlocking: boolean;
  readonly result: ValidationResult;
  /** Paths of the result as JSON and of its page. */
  readonly resultPath: string;
  readonly pagePath: string;
}

/** What became of one action of a checkpoint. */
export interface ActionOutcome {
  readonly name: string;
  readonly status: 'done' | 'not due' | 'unsupported' | 'failed';
  readonly message: string;
}

/** What became of a checkpoint: plain data. */
export interface CheckpointResult {
  /** Every expectation of every validation holds, as in Great Expectations. */
  readonly success: boolean;
  readonly isBlocking: boolean;
  readonly runName: string;
  readonly validations: readonly CheckpointValidation[];
  readonly actions: readonly ActionOutcome[];
  /** Path of the data docs' first page. */
  readonly indexPath: string;
}

/** A failed expectation, in words. */
export interface FailedExpectation {
  readonly data: string;
  readonly expectation: string;
  readonly severity: Severity;
  readonly found: string;
  readonly examples: string | null;
}

interface CheckpointFailure {
  readonly runName: string;
  readonly failed: readonly FailedExpectation[];
  readonly evaluated: number;
  readonly page: string;
  readonly quarantine: readonly { readonly table: string; readonly rows: number }[];
  /** Validations that could not run at all, and why. */
  readonly problems: readonly string[];
}

export const checkpointErrors = defineErrors({
  EXPECTATIONS_FAILED: ({ failed, evaluated, page, quarantine, problems }: CheckpointFailure) =>
    [
      `${failed.length} of ${evaluated} expectations failed.`,
      ...problems.map((problem) => `  ✕ ${problem}`),
      ...failed.map(
        (f) =>
          `  ✕ ${f.data}: ${f.expectation}. Found: ${f.found}${f.examples === null ? '' : `, for example ${f.examples}`}.`,
      ),
      `${quarantine.map((q) => `The ${q.rows} failing rows are in ${q.table}. `).join('')}See ${page}; correct the data, or the suite if it asks too much.`,
    ].join('\n'),
});

const RANKS: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

/** Is one severity at least as severe as another? */
export function isAsSevere(severity: Severity, least: Severity): boolean {
  return RANKS[severity] >= RANKS[least];
}

/** The failed expectations of a validation, in words. */
export function failedOf({
  name,
  result,
}: Pick<CheckpointValidation, 'name' | 'result'>): readonly FailedExpectation[] {
  return result.results
    .filter((r) => !r.success)
    .map((r) => ({
      data: name,
      expectation: expectedInWords(r),
      severity: r.expectation_config.severity,
      found: observedInWords(r),
      examples: examples(r),
    }));
}

/** The error that says which expectations of a checkpoint failed, for a caller that looks at the result first. */
export function failureOf({ runName, validations, indexPath }: CheckpointResult): Error {
  const broken = validations.filter((v) => !v.success);
  return checkpointErrors.EXPECTATIONS_FAILED({
    runName,
    failed: broken.flatMap(failedOf),
    evaluated: validations.reduce((n, v) => n + v.result.results.length, 0),
    page: broken.length === 1 ? (broken[0]?.pagePath ?? indexPath) : indexPath,
    quarantine: broken.flatMap((v) => v.result.meta.smallboat.quarantine ?? []),
    problems: broken.flatMap(({ name, result }) => {
      const { problem } = result.meta.smallboat;
      return problem === undefined ? [] : [`${name}: ${problem.message}`];
    }),
  });
}

/** Does a failed expectation reject rows, so that the others can go on without them? */
function isOfRows({ result }: ExpectationResult): boolean {
  return typeof result['unexpected_count'] === 'number' && typeof result['element_count'] === 'number';
}

/** Must a validation stop what comes after it? */
export function blocks({ success, results, meta }: ValidationResult, failOn: Severity): boolean {
  if (success) return false;
  if (meta.smallboat.problem !== undefined) return true;
  const severe = results.filter((r) => !r.success && isAsSevere(r.expectation_config.severity, failOn));
  return meta.smallboat.goodRows === undefined ? severe.length > 0 : severe.some((r) => !isOfRows(r));
}
