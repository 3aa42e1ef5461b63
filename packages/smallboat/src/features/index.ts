export { valuesOf } from './columns.ts';
export type { CategoryColumn, Column, NumberColumn } from './columns.ts';
export { countClasses, datasetErrors, fingerprintOf, makeDataset } from './dataset.ts';
export type { ClassCount, Dataset, PartName, PartStatistics } from './dataset.ts';
export {
  DECISION_POINTS,
  exampleCount,
  examplesOf,
  joinExamples,
  rowsAt,
  sequenceAt,
  sliceExamples,
} from './examples.ts';
export type { EventContext, Examples } from './examples.ts';
export { ACTION_COLUMNS, DEFAULT_FEATURES, EventWriter, FEATURE_NAMES, columnsOf } from './event-features.ts';
export type { CodedEvent, FeatureName } from './event-features.ts';
export { sessionEncoder } from './feature-set.ts';
export type { EncodedSession, FeatureSet, SessionEncoder, SessionEvent } from './feature-set.ts';
export { featureErrors } from './fit-features.ts';
export { guardFuture } from './leak-guard.ts';
export type { GuardOptions, GuardReport } from './leak-guard.ts';
export { readDataset } from './read-dataset.ts';
export type { ReadDatasetOptions } from './read-dataset.ts';
export { openSessionsSql } from './cart-sql.ts';
export { readSequences } from './read-sequences.ts';
export type { ReadSequencesOptions, SequenceBatch } from './read-sequences.ts';
export { readSessions } from './read-sessions.ts';
export type { RawSession, ReadSessionsOptions } from './read-sessions.ts';
export { encodeSession } from './sequence.ts';
export type { Protocol, SequenceRule } from './sequence.ts';
export { SessionExamples } from './session-examples.ts';
export type { CollectedSessions } from './session-examples.ts';
export { splitErrors } from './split.ts';
export type { Split, SplitOptions } from './split.ts';
export { ACTIONS, MAX_EVENTS, TOKENS, VOCABULARY_SIZE, encodeActions, tokenErrors, tokenOf } from './tokens.ts';
export type { Action } from './tokens.ts';
