export { localTracker } from './local.ts';
export type { LocalTracker, LocalTrackerOptions } from './local.ts';
export { secretsOf } from './secrets.ts';
export { trackerErrors } from './tracker.ts';
export type {
  ArtifactInfo,
  DataUse,
  EndStatus,
  Lineage,
  MetricPoint,
  MetricSummary,
  ModelMade,
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
export { gate } from './gate.ts';
export type { Contender, GateComparison, GateResult, GateRule, PointScore } from './gate.ts';
export { logPlot } from './log-plot.ts';
export { localRegistry } from './local-registry.ts';
export type { LocalRegistryOptions } from './local-registry.ts';
export { pairedDifference } from './paired-difference.ts';
export type { PairedDifference } from './paired-difference.ts';
export { CHAMPION, registryErrors } from './registry.ts';
export type {
  AliasChange,
  AliasNote,
  GateVerdict,
  ModelFile,
  ModelRegistry,
  ModelVersion,
  NewModelVersion,
} from './registry.ts';
export { comparisonComponents, learningCurveComponents } from './run-components.ts';
export type { ComparisonOptions, LearningCurveOptions } from './run-components.ts';
export { contenders } from './contenders.ts';
export type { ContendersOptions, NamedScores } from './contenders.ts';
export { destinationErrors } from './destination.ts';
export type { Destination, Shipment } from './destination.ts';
export { mlflowErrors } from './mlflow/client.ts';
export type { MlflowOptions } from './mlflow/client.ts';
export { mlflowDestination } from './mlflow/mlflow-destination.ts';
export { wandbOffline } from './wandb/wandb-offline.ts';
export type { WandbOfflineOptions } from './wandb/wandb-offline.ts';
export { sendingTracker } from './send/sending-tracker.ts';
export type { SendingTrackerOptions } from './send/sending-tracker.ts';
export { sendErrors } from './send/send-run.ts';
export { syncTracked } from './send/sync-tracked.ts';
export type { SyncOptions, SyncedRun } from './send/sync-tracked.ts';
export { destinationsOf, endedTracker, openTracker, openTrackerErrors } from './open-tracker.ts';
export type { DestinationsOptions, TrackerName } from './destinations-options.ts';
export type { OpenTrackerOptions } from './open-tracker.ts';
export { aliasAt, versionBefore } from './alias-history.ts';
export { promote, promoteErrors, rollback } from './promote.ts';
export type { PromoteOptions, RollbackOptions } from './promote.ts';
export { mlflowRegistry } from './mlflow/mlflow-registry.ts';
export type { MlflowRegistryOptions } from './mlflow/mlflow-registry.ts';
export { cometDestination } from './comet/comet-destination.ts';
export type { CometOptions } from './comet/comet-destination.ts';
export { isRegistryShared, openRegistry } from './open-registry.ts';
export { s3Objects, s3RegistryErrors } from './s3-objects.ts';
export type { S3Objects, S3ObjectsOptions, TaggedObject } from './s3-objects.ts';
export { s3Registry } from './s3-registry.ts';
export type { S3RegistryOptions } from './s3-registry.ts';
export type { OpenRegistryOptions } from './open-registry.ts';
export { wandbLive } from './wandb/wandb-live.ts';
export type { WandbLiveOptions } from './wandb/wandb-live.ts';
