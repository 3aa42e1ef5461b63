export { checkpointErrors, failureOf, runCheckpoint } from './checkpoint.ts';
export type {
  CheckpointOptions,
  CheckpointResult,
  CheckpointValidation,
  FailedExpectation,
  Validation,
} from './checkpoint.ts';
export { checkpointComponents } from './card.ts';
export { renderDataDocs } from './data-docs.ts';
export { defineExpectation, kindErrors } from './kind.ts';
export type { ExpectationDefinition, ExpectationKind, Measured, Plan, RowsPlan, TableFacts, Verdict } from './kind.ts';
export type {
  ExceptionInfo,
  ExpectationResult,
  Quarantine,
  ResultFormat,
  Statistics,
  ValidationMeta,
  ValidationResult,
} from './result.ts';
export { rowConditionErrors } from './row-condition.ts';
export { expectedInWords, observedInWords } from './sentences.ts';
export { readSuite, suiteErrors } from './suite.ts';
export type { ExpectationConfig, Suite, SuiteOptions } from './suite.ts';
export { validate, validateErrors } from './validate.ts';
export type { ValidateOptions } from './validate.ts';
