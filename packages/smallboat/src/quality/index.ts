export { actionErrors } from './checkpoint/action-errors.ts';
export type { ActionConfig } from './checkpoint/action.ts';
export { checkpointErrors, failureOf } from './checkpoint/checkpoint-result.ts';
export type {
  ActionOutcome,
  CheckpointResult,
  CheckpointValidation,
  FailedExpectation,
} from './checkpoint/checkpoint-result.ts';
export { runCheckpoint } from './checkpoint/checkpoint.ts';
export { checkpointFileErrors } from './checkpoint/file/errors.ts';
export { readCheckpoint } from './checkpoint/file/read-checkpoint.ts';
export type { CheckpointFile, ReadCheckpointOptions } from './checkpoint/file/read-checkpoint.ts';
export type { CheckpointOptions, Validation } from './checkpoint/checkpoint.ts';
export { checkpointComponents } from './checkpoint/card.ts';
export { dbtValidations } from './dbt/dbt-validations.ts';
export type { DbtOptions } from './dbt/dbt-validations.ts';
export { dbtErrors } from './dbt/errors.ts';
export type { Aggregate, Quantiles, Sql } from './dialect/sql.ts';
export { renderDataDocs } from './docs/data-docs.ts';
export { expectedInWords, observedInWords } from './docs/sentences.ts';
export { defineExpectation, kindErrors } from './kind.ts';
export type {
  DistributionPlan,
  EarlierRun,
  ExpectationDefinition,
  ExpectationKind,
  Measured,
  OrderPlan,
  Plan,
  RowsPlan,
  TableFacts,
  ValuesPlan,
  Verdict,
} from './kind.ts';
export type { ResultFormat, ResultFormatOption } from './run/result-format.ts';
export type {
  ExceptionInfo,
  ExpectationResult,
  Quarantine,
  Statistics,
  ValidationMeta,
  ValidationResult,
} from './run/result.ts';
export { validateErrors } from './run/columns.ts';
export { validate } from './run/validate.ts';
export type { ValidateOptions } from './run/validate.ts';
export { suggestSuite } from './learn/suggest/suggest.ts';
export type { SuggestOptions, Suggestion, SuiteFile } from './learn/suggest/suggest.ts';
export { dataNameOf, fileRelation } from './source.ts';
export { expressionErrors } from './suite/expression.ts';
export { parameterErrors } from './suite/parameters.ts';
export { rowConditionErrors } from './suite/row-condition.ts';
export { readSuite, suiteErrors } from './suite/suite.ts';
export type { ExpectationConfig, Severity, Suite, SuiteOptions, SuiteProblem } from './suite/suite.ts';
