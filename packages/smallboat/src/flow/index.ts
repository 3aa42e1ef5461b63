export { whyTask } from './cache/why.ts';
export type { Why } from './cache/why.ts';
export { clientErrors, openClient } from './client.ts';
export type { Client, FlowRuns, PastRun, PastTask, RunFilter } from './client.ts';
export { match, when } from './compose/choice.ts';
export { each } from './compose/each.ts';
export { gang } from './compose/gang.ts';
export { wiringErrors } from './compose/errors.ts';
export { listCards, readCard, serveCards } from './cards.ts';
export type { CardEntry } from './cards.ts';
export type { CardServer, ServeCardsOptions } from './card/serve-cards.ts';
export type { FlowParam } from './card/flow-page.ts';
export { deck } from './card/deck.ts';
export type { Deck } from './card/deck.ts';
export type { RunCard, RunTemplate } from './card/run-card.ts';
export type { RunPart } from './card/run-parts.ts';
export type {
  CardParts,
  Placed,
  PlacedEvents,
  PlacedLines,
  PlacedProgress,
  PlacedTable,
  TaskCard,
} from './card/task-card.ts';
export type { FinishedTask, TaskTemplate } from './card/template.ts';
export { flow, isFlow } from './compose/flow.ts';
export type {
  ChangeableStep,
  Flow,
  FlowOptions,
  ParamInputs,
  ParamValues,
  Params,
  RunOutcome,
  StepChange,
} from './compose/flow.ts';
export { merge } from './compose/merge.ts';
export type { MergeOptions } from './compose/merge.ts';
export type { Either, OneOf, Outputs, Ref, Unref } from './compose/ref.ts';
export { repeat } from './compose/repeat.ts';
export type { RepeatOptions, State } from './compose/repeat.ts';
export { step, wrap } from './compose/step.ts';
export type { Around, Step, StepSpec, WireOptions, Wired } from './compose/step.ts';
export type { Checkpoint, GangContext, StepContext } from './context.ts';
export { folderErrors } from './folder/folder-ref.ts';
export type { FileRef, FolderRef } from './folder/folder-ref.ts';
export { objectErrors, s3Objects } from './objects/objects.ts';
export type {
  ByteRange,
  Put,
  PutOptions,
  S3Content,
  S3Entry,
  S3Info,
  S3Object,
  S3Objects,
  S3ObjectsOptions,
  Written,
} from './objects/objects.ts';
export { config, configValueErrors, configVariable } from './config-value.ts';
export type { ConfigOptions } from './config-value.ts';
export { describeDag } from './definition.ts';
export { dotOf } from './dot.ts';
export type { Dag, Place, Region, Source, StepNode } from './definition.ts';
export type { Failure, FailureKind } from './failure.ts';
export { file, fileParamErrors, isFileParam } from './file-param.ts';
export type { FileOptions, FileParam } from './file-param.ts';
export { env } from './options.ts';
export type {
  BatchOptions,
  CodeOptions,
  Compute,
  EnvRef,
  KubernetesOptions,
  Resources,
  Retry,
  Schedule,
  StepOptions,
  Trigger,
} from './options.ts';
export type { Secret } from './secrets.ts';
export type { RunEvent, TaskEnd } from './engine/events.ts';
export { importModule, loadErrors, loadFlow } from './engine/load-flow.ts';
export { describeFinding, lintFlows } from './lint.ts';
export type { Finding } from './lint.ts';
export { begun } from './engine/origin.ts';
export { nameErrors } from './names.ts';
export { flagOf, paramErrors } from './params.ts';
export { readBrief } from './read-brief.ts';
export type { RunBrief } from './read-brief.ts';
export { readRun } from './read-run.ts';
export type { RunState, RunView, StepView, TaskState, TaskView } from './read-run.ts';
export { seconds } from './run-display.ts';
export { resumeFlow, runErrors, runFlow } from './run-flow.ts';
export type { FlowRun, ResumeFlowOptions, RunFlowOptions, StepFailure } from './run-flow.ts';
export { collectGarbage, gcErrors } from './gc/collect-garbage.ts';
export type { Collected, GcOptions } from './gc/collect-garbage.ts';
export type { Retention } from './gc/retention.ts';
export { metaflowConfigErrors, readMetaflowConfig } from './metaflow/metaflow-config.ts';
export type { ConfigValue, MetaflowConfig, MetaflowConfigOptions } from './metaflow/metaflow-config.ts';
export { metaflowStore, userIn } from './metaflow/metaflow-store.ts';
export { isInNamespace } from './namespace.ts';
export { checkStore } from './store/check-store.ts';
export type { StoreCheck } from './store/check-store.ts';
export type { StorableClasses } from './compose/storable.ts';
export { codecErrors, storable } from './store/codecs.ts';
export type { Codec } from './store/codecs.ts';
export { NdArray } from './store/nd-array.ts';
export type { NumericArray } from './store/nd-array.ts';
export { openRunStore } from './store/open-run-store.ts';
export type { StoreSpec } from './store/open-run-store.ts';
export { shownArtifact } from './store/shown-artifact.ts';
export type {
  ArtifactKey,
  ArtifactKeys,
  CardStore,
  NewCard,
  RunInfo,
  RunStore,
  StoredCard,
  TaskInfo,
  TaskPath,
} from './store/run-store.ts';
export { spin, spinErrors } from './spin.ts';
export type { SpinOptions, Spun } from './spin.ts';
export { inMemoryRunStore } from './store-in-memory.ts';
export { applyWith, withErrors } from './with-options.ts';
export { writeFlowCard } from './write-flow-card.ts';
export type { FlowCardOptions } from './write-flow-card.ts';
export { runCardPage, writeRunCard } from './write-run-card.ts';
export type { RunCardOptions } from './write-run-card.ts';
