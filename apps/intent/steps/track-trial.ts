import type { Examples } from 'smallboat/features';
import type { NewTrackedRun, TrackedRun, Tracker } from 'smallboat/tracking';
import { trackerErrors } from 'smallboat/tracking';
import type { EpochFigures, LstmHyper } from 'smallboat/training';
import type { Snapshot } from './ingest.ts';
import type { Input, Trained } from './trial.ts';

/** What is known of a trial before it begins. */
export interface TrialFacts {
  readonly name: string;
  readonly input: Input;
  readonly hyper: LstmHyper;
  readonly trainer: 'smallboat' | 'torch';
  readonly runId: string;
  readonly snapshot: Snapshot;
  readonly examples: { readonly train: Examples; readonly validation: Examples };
}

/** Begins the tracked run of a trial. */
export async function startTrial(
  tracker: Tracker,
  { name, input, hyper, trainer, runId, snapshot, examples }: TrialFacts,
  known: Pick<NewTrackedRun, 'id'> = {},
): Promise<TrackedRun> {
  const tracked = await tracker.startRun({
    ...known,
    experiment: 'intent',
    name,
    params: { input, ...hyper, classWeights: String(hyper.classWeights ?? '1,1') },
    tags: { run: runId, trainer },
    lineage: { flowRun: `intent/${runId}`, dataSnapshot: snapshot.id },
  });
  for (const [context, part] of [
    ['training', examples.train],
    ['validation', examples.validation],
  ] as const) {
    await tracked.logData({ name: 'cart_sessions', digest: snapshot.id, context, rows: part.labels.length });
  }
  return tracked;
}

/** What is tracked of an epoch. */
export function figuresOf({ trainLoss, validationLoss, validationAuc, seconds }: EpochFigures): Record<string, number> {
  return { trainLoss, validationLoss, seconds, ...(validationAuc === null ? {} : { validationAuc }) };
}

/**
 * A trial that was trained on another machine left its local log there, and one that was taken from a cache may have it in another
 * home: it is written here again, under its id, from the artifacts.
 */
export async function ensureTracked(
  tracker: Tracker,
  trials: readonly Trained[],
  facts: Pick<TrialFacts, 'runId' | 'snapshot' | 'examples'>,
): Promise<void> {
  for (const { trackedRun: id, name, input, trainer, trial } of trials) {
    const isHere = await tracker.run(id).then(
      () => true,
      (error: unknown) => {
        if (trackerErrors.TRACKED_RUN_NOT_FOUND.is(error)) return false;
        throw error;
      },
    );
    if (isHere) continue;
    await using tracked = await startTrial(tracker, { ...facts, name, input, trainer, hyper: trial.hyper }, { id });
    for (const figures of trial.history) await tracked.logMetrics(figuresOf(figures), { step: figures.epoch });
    await tracked.finish();
  }
}
