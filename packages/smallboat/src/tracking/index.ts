export { localTracker } from './local.ts';
export type { LocalTrackerOptions } from './local.ts';
export { trackerErrors } from './tracker.ts';
export type {
  ArtifactInfo,
  EndStatus,
  Lineage,
  MetricPoint,
  MetricSummary,
  NewArtifact,
  NewTrackedRun,
  Params,
  ParamValue,
  RunQuery,
  RunStatus,
  Tags,
  TrackedRun,
  TrackedRunInfo,
  Tracker,
} from './tracker.ts';
