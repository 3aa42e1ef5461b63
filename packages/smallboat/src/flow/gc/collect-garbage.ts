import { defineErrors } from '../../kernel/index.ts';
import { type Blobs, UNNAMED_FOR, blobsOf } from '../store/blobs.ts';
import type { Datastore } from '../store/datastore.ts';
import { INTENT_HOLDS, intentPath, readIntent } from '../store/gc-intent.ts';
import { flowPath, runPath } from '../store/layout.ts';
import type { Metadata } from '../store/metadata.ts';
import { metaflowRunStore } from '../store/metaflow-run-store.ts';
import { type StoreSpec, openStoreParts } from '../store/open-run-store.ts';
import type { RunInfo, RunPath } from '../store/run-store.ts';
import { type Marks, type Unnamed, markNamed, markRemembered, unnamedBlobs } from './marks.ts';
import { type Retention, doomedRuns, pythonRunGoingOn } from './retention.ts';

export const gcErrors = defineErrors({
  GC_UNDER_WAY: (f: { flow: string; location: string; since: string }) =>
    `Blobs of flow '${f.flow}' in ${f.location} are being deleted by another process since ${f.since}. Wait until it has ended; if it was killed, try again in a quarter of an hour.`,
});

export interface GcOptions extends Retention {
  /** Only this flow. */
  readonly flow?: string;
  /** Say what would be deleted, and delete nothing. */
  readonly isDry?: boolean;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  readonly onProgress?: (message: string) => void;
}

/** What was deleted, or would be. */
export interface Collected {
  readonly runs: readonly (Pick<RunInfo, 'flow' | 'run' | 'createdAt'> & { readonly bytes: number })[];
  readonly runsKept: number;
  /** Blobs that nothing names. */
  readonly blobs: number;
  readonly blobBytes: number;
  /** Bytes of all that was deleted. */
  readonly bytes: number;
  /** Flows of which no blob was deleted, since a run of Python may be going on. */
  readonly passedOver: readonly Pick<RunInfo, 'flow' | 'run'>[];
}

/** A tag of runs whose data is deleted while a metadata service goes on to list them. */
export const DELETED = 'smallboat:data-deleted';

/** Blobs that are deleted under one intent, at most. */
const AT_ONCE = 20_000;
/**
 * Deletes runs that are no longer wanted, and then blobs that nothing names. Safe beside runs that go on, and when it is killed: a blob
 * that an attempt names is never deleted (see `store/gc-intent.ts`). Rejects with `GC_UNDER_WAY`, and with the store's errors.
 */
export async function collectGarbage(spec: StoreSpec, options: GcOptions = {}): Promise<Collected> {
  const { clock = Date.now } = options;
  const parts = await openStoreParts(spec);
  await using store = metaflowRunStore({ ...parts, clock });
  const work: Work = { ...parts, ...options, clock, blobs: blobsOf(parts.datastore, clock) };
  const flows = options.flow === undefined ? await store.flows() : [options.flow];
  const runs: Collected['runs'][number][] = [];
  const passedOver: Collected['passedOver'][number][] = [];
  let [runsKept, blobs, blobBytes] = [0, 0, 0];
  for (const flow of flows) {
    options.onProgress?.(`Looking at ${flow}`);
    const doomed = (await doomedRuns(store, flow, { ...options, now: clock() })).filter(
      ({ info }) => !info.tags.includes(DELETED),
    );
    for (const { info } of doomed) {
      options.onProgress?.(`Deleting ${flow}/${info.run}`);
      const { run, createdAt } = info;
      runs.push({ flow, run, createdAt, bytes: await deleteRun(work, { flow, run }) });
    }
    const kept: RunInfo[] = [];
    for await (const info of store.eachRun(flow)) if (!info.tags.includes(DELETED)) kept.push(info);
    runsKept += kept.length - (options.isDry ? doomed.length : 0);
    const ids = new Set(kept.map(({ run }) => run));
    for (const { run, origin } of options.isDry ? [] : kept) {
      if (origin !== undefined && !ids.has(origin)) await work.metadata.cutOrigin({ flow, run });
    }
    const python = await pythonRunGoingOn(store, flow, clock());
    if (python !== undefined) {
      passedOver.push({ flow, run: python });
      continue;
    }
    const swept = await sweep(work, flow, new Set(doomed.map(({ info }) => info.run)));
    blobs += swept.length;
    blobBytes += swept.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  const bytes = blobBytes + runs.reduce((sum, run) => sum + run.bytes, 0);
  return { runs, runsKept, blobs, blobBytes, bytes, passedOver };
}

interface Work extends GcOptions {
  readonly datastore: Datastore;
  readonly metadata: Metadata;
  readonly blobs: Blobs;
  readonly clock: () => number;
}

/** Deletes a run; gives the bytes of its files. */
async function deleteRun({ datastore, metadata, isDry }: Work, path: RunPath): Promise<number> {
  const folders = [runPath(path), `mf.cards/${flowPath(path.flow)}/runs/${path.run}`];
  let bytes = 0;
  for (const folder of folders) for await (const file of datastore.walk(folder)) bytes += file.bytes;
  if (isDry) return bytes;
  const isOnePlace = metadata.location === datastore.root;
  // Where both are one folder the run is gone at once for its readers; elsewhere it stays known until all of it is gone, so that what is
  // left after a kill is found again.
  if (isOnePlace) await metadata.forget(path);
  for (const folder of folders) await datastore.removeFolder(folder);
  if (!isOnePlace && !(await metadata.forget(path))) await metadata.changeTags(path, { add: [DELETED] });
  return bytes;
}

/** Deletes the blobs of a flow that nothing names. */
async function sweep(work: Work, flow: string, without: ReadonlySet<string>): Promise<readonly Unnamed[]> {
  const { datastore, clock, isDry } = work;
  const marks: Marks = { keys: new Set(), asked: new Map() };
  await markNamed(datastore, flow, marks, isDry ? without : undefined);
  const forgotten = await markRemembered(work, flow, marks);
  const before = clock() - UNNAMED_FOR;
  const unnamed = await unnamedBlobs(datastore, flow, { marks, before });
  if (isDry) return unnamed;
  await datastore.remove(forgotten);
  const swept: Unnamed[] = [];
  for (let at = 0; at < unnamed.length; at += AT_ONCE) {
    const part = unnamed.slice(at, at + AT_ONCE);
    await declare(work, flow, part);
    try {
      await markNamed(datastore, flow, marks);
      // Asked again, since some may have been made young in the meantime.
      const still = new Set((await unnamedBlobs(datastore, flow, { marks, before })).map(({ path }) => path));
      const going = part.filter(({ path }) => still.has(path));
      swept.push(...(await removeInTime(work, going)));
    } finally {
      await datastore.remove([intentPath(flow)]);
    }
  }
  return swept;
}

/** Writes down what is about to be deleted; there is one such file, so of two who delete one waits. */
async function declare({ datastore, clock }: Work, flow: string, unnamed: readonly Unnamed[]): Promise<void> {
  const intent = JSON.stringify({ at: clock(), keys: unnamed.map(({ key }) => key) });
  for (;;) {
    if (await datastore.putNew(intentPath(flow), intent)) return;
    const other = await readIntent(datastore, flow, clock());
    if (other) {
      const since = new Date(other.at).toISOString();
      throw gcErrors.GC_UNDER_WAY({ flow, location: datastore.root, since });
    }
    await datastore.remove([intentPath(flow)]);
  }
}

/** Deletes, and stops well before its intent no longer holds. Gives those that are gone. */
async function removeInTime({ datastore, clock }: Work, going: readonly Unnamed[]): Promise<readonly Unnamed[]> {
  const until = clock() + INTENT_HOLDS / 2;
  let at = 0;
  for (; at < going.length && clock() < until; at += 1000) {
    await datastore.remove(going.slice(at, at + 1000).map(({ path }) => path));
  }
  return going.slice(0, at);
}
