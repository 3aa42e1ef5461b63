import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STORE_PLACES, type StorePlace, storePlace } from '../testing/store-places.ts';
import { readRun } from '../read-run.ts';
import { intentPath } from '../store/gc-intent.ts';
import { metaflowRunStore } from '../store/metaflow-run-store.ts';
import { openStoreParts } from '../store/open-run-store.ts';
import { type ArtifactKey, type RunStore, type TaskPath, runStoreErrors } from '../store/run-store.ts';
import { type GcOptions, collectGarbage, gcErrors } from './collect-garbage.ts';

const HOUR = 36e5;

describe.each(Object.entries(STORE_PLACES))('%s: gc', (_, kind) => {
  let place: StorePlace;
  let store: RunStore;
  /** Milliseconds that are added to the clock: files are as old as they are. */
  let later = 0;
  const clock = (): number => Date.now() + later;
  beforeEach(async () => {
    later = 0;
    place = await storePlace(kind);
    store = metaflowRunStore({ ...(await openStoreParts(place.spec)), clock });
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const gc = (options: GcOptions = {}) => collectGarbage(place.spec, { clock: () => clock() + 2 * HOUR, ...options });

  /** A run with one artifact, ended. */
  async function aRun(value: unknown, tags: readonly string[] = [], from?: TaskPath): Promise<TaskPath> {
    const origin = from?.run;
    const run = await store.createRun('f', { tags, ...(origin === undefined ? {} : { origin }) });
    for (const step of ['_parameters', 'start', 'train', 'end']) {
      const task = await store.createTask('f', run, step);
      await store.beginAttempt(task, 0, from ? { copyOf: from.task } : {});
      const artifacts: Record<string, ArtifactKey> = step === 'train' ? { x: await store.save('f', value) } : {};
      await store.endAttempt(task, 0, { artifacts, hasSucceeded: true });
      if (step === 'end') return task;
    }
    throw new Error('no end');
  }
  const runsLeft = async (): Promise<string[]> => {
    const left: string[] = [];
    for await (const { run, tags } of store.eachRun('f')) if (!tags.includes('smallboat:data-deleted')) left.push(run);
    return left;
  };
  const isThere = async (value: unknown): Promise<boolean> => {
    // Another store names it alike.
    const key = await metaflowRunStore({
      ...(await openStoreParts({ folder: `${place.spec.folder}/other` })),
      clock,
    }).save('f', value);
    return store.has('f', key);
  };

  it('takes back whose copies tasks are, where the run that they come from is gone', async () => {
    const first = await aRun('first');
    const last = await aRun('last', [], first);
    const copyOf = async () => (await store.facts(last)).filter(({ field }) => field === 'origin-task-id').length;
    await gc({ keepNewest: 2 });
    expect(await copyOf()).toBe(1);
    await gc({ keepNewest: 1 });
    expect(await runsLeft()).toEqual([last.run]);
    // The service forgets nothing: what tasks of deleted runs were is still asked for in vain.
    expect(await copyOf()).toBe((await store.run('f', first.run).catch(() => undefined)) === undefined ? 0 : 1);
  });

  it('deletes nothing where there is nothing to delete', async () => {
    expect(await gc()).toEqual({
      runs: [],
      runsKept: 0,
      blobs: 0,
      blobBytes: 0,
      bytes: 0,
      passedOver: [],
    });
    const { run } = await aRun('a');
    expect(await gc()).toMatchObject({ runs: [], runsKept: 1, blobs: 0 });
    expect(await runsLeft()).toEqual([run]);
  });

  it('deletes blobs that nothing names, once they are old', async () => {
    await aRun('named');
    await store.save('f', 'dangling');
    expect(await gc({ clock })).toMatchObject({ blobs: 0 });
    const { blobs, blobBytes, bytes } = await gc();
    expect([blobs, bytes]).toEqual([1, blobBytes]);
    expect(blobBytes).toBeGreaterThan(10);
    expect([await isThere('named'), await isThere('dangling')]).toEqual([true, false]);
  });

  it('keeps the newest, those that are young, and those with a tag', async () => {
    const [old, tagged, second, newest] = [
      await aRun('a'),
      await aRun('b', ['keep']),
      await aRun('c'),
      await aRun('d'),
    ];
    expect(await gc({ keepNewest: 2, keepFor: 24 * HOUR })).toMatchObject({ runs: [] });
    const { runs, runsKept } = await gc({ keepNewest: 2, keepTags: ['keep'] });
    expect(runs.map(({ run }) => run)).toEqual([old.run]);
    expect(runs[0]?.bytes).toBeGreaterThan(500);
    expect(runsKept).toBe(3);
    expect(await runsLeft()).toEqual([newest.run, second.run, tagged.run]);
    expect([await isThere('a'), await isThere('b'), await isThere('c')]).toEqual([false, true, true]);
    await expect(readRun(store, newest)).resolves.toMatchObject({ state: 'done' });
  });

  it('keeps blobs that a run that stays shares with one that goes', async () => {
    await aRun({ shared: true });
    const { run } = await aRun({ shared: true });
    await gc({ keepNewest: 1 });
    const [task] = (await store.tasks('f', run)).filter(({ path }) => path.step === 'train');
    expect(await store.load('f', task?.ended?.artifacts['x'] ?? ('' as ArtifactKey))).toEqual({ shared: true });
  });

  it('says what it would delete, and deletes nothing', async () => {
    const { run } = await aRun('a');
    await aRun('b');
    await store.save('f', 'dangling');
    const would = await gc({ keepNewest: 1, isDry: true });
    expect(would.runs.map((each) => each.run)).toEqual([run]);
    expect(would.blobs).toBe(2);
    expect(await runsLeft()).toHaveLength(2);
    expect(await isThere('dangling')).toBe(true);
    expect(await gc({ keepNewest: 1 })).toEqual(would);
  });

  it('keeps what a run that has not ended goes back to, and what it keeps on the way', async () => {
    const first = await aRun('a');
    const resumed = await store.createRun('f', { origin: first.run });
    await store.saveCheckpoint({ flow: 'f', run: resumed }, 'train', await store.save('f', 'checkpoint'));
    expect((await gc({ keepNewest: 1 })).runs).toEqual([]);
    expect([await isThere('a'), await isThere('checkpoint')]).toEqual([true, true]);
  });

  it('deletes a run that goes on only when it is silent', async () => {
    const run = await store.createRun('f');
    await store.beat('f', run);
    await aRun('newer');
    expect((await gc({ keepNewest: 1, clock })).runs).toEqual([]);
    later = 6 * 24 * HOUR;
    expect((await gc({ keepNewest: 1 })).runs).toHaveLength(1);
  });

  it('passes over the blobs of a flow that Python may be running', async () => {
    await store.save('f', 'dangling');
    const end = await aRun('a');
    await store.createRun('f', { systemTags: ['metaflow_version:2.19.39'] });
    expect(await gc({ keepNewest: 1 })).toMatchObject({
      runs: [{ run: end.run }],
      blobs: 0,
      passedOver: [{ flow: 'f' }],
    });
    later = 6 * 24 * HOUR;
    expect(await gc()).toMatchObject({ passedOver: [] });
    expect(await isThere('dangling')).toBe(false);
  });

  it('keeps what a flow remembers as long as all of it is there', async () => {
    const { run } = await aRun('a');
    const [task] = (await store.tasks('f', run)).filter(({ path }) => path.step === 'train');
    await store.remember('f', 'k', await store.save('f', { from: run, stored: task?.ended?.artifacts }));
    await gc();
    const kept = await store.remembered('f', 'k');
    expect(kept && (await store.load('f', kept))).toMatchObject({ from: run });
    await aRun('b');
    await gc({ keepNewest: 1 });
    expect(await store.remembered('f', 'k')).toBe(undefined);
  });

  it('is done by one at a time, and goes on where one was killed', async () => {
    await store.save('f', 'dangling');
    await aRun('a');
    const { datastore } = await openStoreParts(place.spec);
    await datastore.put(intentPath('f'), JSON.stringify({ at: clock() + 2 * HOUR, keys: [] }));
    await expect(gc()).rejects.toMatchObject({ code: gcErrors.GC_UNDER_WAY.code });
    expect((await gc({ clock: () => clock() + 3 * HOUR })).blobs).toBe(1);
    expect(await datastore.stat(intentPath('f'))).toBe(undefined);
  });

  it('lets an attempt name a blob only when it is not being deleted', async () => {
    const key = await store.save('f', 'taken over');
    later = 2 * HOUR;
    const task = await store.createTask('f', await store.createRun('f'), 'train');
    await store.beginAttempt(task, 0);
    const { datastore } = await openStoreParts(place.spec);
    await datastore.put(intentPath('f'), JSON.stringify({ at: clock(), keys: [key] }));
    let hasEnded = false;
    const end = store
      .endAttempt(task, 0, { artifacts: { x: key }, hasSucceeded: true })
      .finally(() => (hasEnded = true));
    const caught = end.catch((error: unknown) => error);
    await new Promise((resolve) => void setTimeout(resolve, 300));
    expect(hasEnded).toBe(false);
    await datastore.remove([`f/data/${key.slice(0, 2)}/${key}`]);
    await datastore.remove([intentPath('f')]);
    expect(await caught).toMatchObject({ code: runStoreErrors.ARTIFACT_NOT_FOUND.code });
    expect((await store.task(task)).ended).toBe(undefined);
  });

  it.each([1, 2, 3, 4])('never takes what is named while it works (%i)', async (when) => {
    const key = await store.save('f', 'taken over');
    const task = await store.createTask('f', await store.createRun('f'), 'train');
    await store.beginAttempt(task, 0);
    later = 2 * HOUR;
    let count = 0;
    let ending: Promise<unknown> | undefined;
    // It asks for the time before it looks, when it writes down what it will delete, and before it does.
    const asked = (): number => {
      count += 1;
      if (count === when) {
        const end = store.endAttempt(task, 0, { artifacts: { x: key }, hasSucceeded: true });
        ending = end.then(
          () => 'ended',
          (error: unknown) => error,
        );
      }
      return clock();
    };
    await gc({ clock: asked });
    if ((await ending) === 'ended') expect(await store.load('f', key)).toBe('taken over');
    else {
      expect(await ending).toMatchObject({ code: runStoreErrors.ARTIFACT_NOT_FOUND.code });
      expect((await store.task(task)).ended).toBe(undefined);
    }
  });
});

it('removes what a killed process left beside a blob, and the claims of runs that are gone', async () => {
  await using place = await storePlace({ s3: false, service: false });
  const { folder } = place.spec;
  const parts = await openStoreParts(place.spec);
  const store = metaflowRunStore({ ...parts, clock: Date.now });
  await store.save('f', 'x');
  const run = await store.createRun('f');
  const end = await store.createTask('f', run, 'end');
  await store.endAttempt(end, 0, { artifacts: {}, hasSucceeded: true });
  const [name = ''] = await readdir(join(folder, '.metaflow/f/data'));
  await writeFile(join(folder, '.metaflow/f/data', name, 'abc.1-2-3.part'), 'half');
  const { blobs } = await collectGarbage(place.spec, { keepNewest: 0, clock: () => Date.now() + 2 * HOUR });
  // The two, and what Metaflow keeps in every task.
  expect(blobs).toBe(5);
  expect(await readdir(join(folder, '.metaflow/.runs'))).toEqual([]);
  expect(await readdir(join(folder, '.metaflow/f'))).not.toContain(run);
});
