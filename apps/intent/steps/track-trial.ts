import { join, relative, sep } from 'node:path';
import type { Examples } from 'smallboat/features';
import type { TrackedRun, Tracker } from 'smallboat/tracking';
import { localTracker } from 'smallboat/tracking';
import type { EpochFigures, LstmHyper } from 'smallboat/training';
import type { FolderFiles } from './folder-files.ts';
import { readFolder, writeFolder } from './folder-files.ts';
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
): Promise<TrackedRun> {
  const tracked = await tracker.startRun({
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

/** The log of a tracked run, by path in the folder of tracking, with how far it has been sent to whom. */
export async function trackedFiles(home: string, id: string): Promise<FolderFiles> {
  const root = join(home, 'tracking');
  const folder = await localTracker({ folder: root }).folderOf(id);
  if (folder === undefined) return {};
  const place = relative(root, folder).split(sep).join('/');
  const files = Object.entries(await readFolder(folder));
  return Object.fromEntries(files.map(([name, bytes]) => [`${place}/${name}`, bytes]));
}

/**
 * A trial that was trained on another machine left its local log there, and one that was taken from a cache may have it in another
 * home: it is put here, as it was written, so that nothing of it is sent to a tracking system twice.
 */
export async function ensureTracked(home: string, trials: readonly Trained[]): Promise<void> {
  const root = join(home, 'tracking');
  const tracker = localTracker({ folder: root });
  for (const { trackedRun, tracked } of trials) {
    if ((await tracker.folderOf(trackedRun)) === undefined) await writeFolder(root, tracked);
  }
}
