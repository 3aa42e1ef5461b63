import { defineErrors } from '../../kernel/index.ts';
import type { CheckpointResult } from '../../quality/index.ts';

export const validateCommandErrors = defineErrors({
  VALIDATION_FAILED: (f: { failed: number; evaluated: number; page: string }) =>
    `${f.failed} of ${f.evaluated} expectations failed. See ${f.page} for what was found; correct the data, or the suite if it asks too much.`,
  VALIDATION_IMPOSSIBLE: (f: { data: string; code: string; problem: string }) =>
    `${f.data} could not be checked. ${f.code}: ${f.problem}`,
});

/** Throws where something failed that is bad enough: the command then ends with 1. */
export function throwIfBlocking({ isBlocking, validations, indexPath }: CheckpointResult): void {
  if (!isBlocking) return;
  for (const { name, result } of validations) {
    const { problem } = result.meta.smallboat;
    if (problem === undefined) continue;
    throw validateCommandErrors.VALIDATION_IMPOSSIBLE({ data: name, code: problem.code, problem: problem.message });
  }
  const all = validations.map(({ result }) => result.statistics);
  const broken = validations.filter((v) => !v.success);
  throw validateCommandErrors.VALIDATION_FAILED({
    failed: all.reduce((sum, s) => sum + s.unsuccessful_expectations, 0),
    evaluated: all.reduce((sum, s) => sum + s.evaluated_expectations, 0),
    page: broken.length === 1 ? (broken[0]?.pagePath ?? indexPath) : indexPath,
  });
}
