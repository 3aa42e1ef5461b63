export { predictionLog } from './prediction-log.ts';
export type {
  FeedbackRecord,
  PredictionLog,
  PredictionLogOptions,
  PredictionLogStats,
  PredictionRecord,
} from './prediction-log.ts';
export { readLog } from './read-log.ts';
export type { LogEntry, ReadLogOptions } from './read-log.ts';
export { makeReference, readReference, referenceErrors, writeReference } from './reference.ts';
export type { Reference, ReferenceOptions } from './reference.ts';
