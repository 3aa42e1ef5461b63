import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Tracker } from './tracker.ts';
import { trackerErrors } from './tracker.ts';

export interface TrackerContract {
  readonly name: string;
  /** A new, empty place to track in. Called once a test. */
  readonly create: () => Promise<Tracker>;
  /** The bytes of an artifact, from its `location`. Default: reads the file. */
  readonly readArtifact?: (location: string) => Promise<Uint8Array>;
}

/** The promises of the `Tracker` port, as tests. Every adapter runs all of them. */
export function trackerContract({ name, create, readArtifact = (path) => readFile(path) }: TrackerContract): void {
  describe(`${name} keeps the Tracker contract`, () => {
    it('knows no experiment, run or history before the first run', async () => {
      const tracker = await create();
      expect(await tracker.experiments()).toEqual([]);
      expect(await tracker.runs('intent')).toEqual([]);
      const error: unknown = await tracker.run('20260101T000000-00000000').catch((e: unknown) => e);
      expect(trackerErrors.TRACKED_RUN_NOT_FOUND.is(error)).toBe(true);
      expect(error).toMatchObject({ facts: { location: tracker.location } });
    });

    it('shows a run with what was logged, while it runs and after', async () => {
      const tracker = await create();
      const lineage = { flowRun: 'Intent/7', dataSnapshot: 'abc', codeHash: 'def', inputs: { events: '123' } };
      const params = { units: 48, rate: 0.001, optimizer: 'adam', shuffled: true };
      await using run = await tracker.startRun({
        experiment: 'intent',
        name: 'first',
        params,
        tags: { by: 'me' },
        lineage,
      });
      await run.logMetrics({ loss: 0.7, auc: 0.6 });
      await run.logMetrics({ loss: 0.5, auc: 0.8 });
      await run.logMetrics({ loss: 0.6, auc: 0.7 });
      await run.logParams({ late: 'yes' });
      await run.setTags({ by: 'you', stage: 'trial' });
      const expected = {
        id: run.id,
        experiment: 'intent',
        name: 'first',
        params: { ...params, late: 'yes' },
        tags: { by: 'you', stage: 'trial' },
        lineage,
        problems: [],
        metrics: {
          loss: { points: 3, last: 0.6, lastStep: 2, min: 0.5, minStep: 1, max: 0.7, maxStep: 0 },
          auc: { points: 3, last: 0.7, lastStep: 2, min: 0.6, minStep: 0, max: 0.8, maxStep: 1 },
        },
      };
      expect(await tracker.run(run.id)).toMatchObject({ ...expected, status: 'running' });
      await run.finish();
      const ended = await tracker.run(run.id);
      expect(ended).toMatchObject({ ...expected, status: 'finished' });
      expect(ended.endedAt).toBeGreaterThanOrEqual(ended.startedAt);
      expect(await tracker.experiments()).toEqual(['intent']);
    });

    it('gives the history of a metric in the order it was logged', async () => {
      const tracker = await create();
      await using run = await tracker.startRun({ experiment: 'intent' });
      await run.logMetrics({ loss: 3 }, { step: 10, at: 1_000 });
      await run.logMetrics({ loss: 2, other: 9 }, { step: 20, at: 2_000 });
      await run.logMetrics({ loss: 1 }, { step: 15, at: 3_000 });
      await run.finish();
      expect(await tracker.metricHistory(run.id, 'loss')).toEqual([
        { step: 10, at: 1_000, value: 3 },
        { step: 20, at: 2_000, value: 2 },
        { step: 15, at: 3_000, value: 1 },
      ]);
      expect(await tracker.metricHistory(run.id, 'never')).toEqual([]);
    });

    it('keeps NaN and infinities, and leaves NaN out of the best values', async () => {
      const tracker = await create();
      await using run = await tracker.startRun({ experiment: 'diverging' });
      for (const loss of [Number.NaN, 2, Infinity, Number.NaN]) await run.logMetrics({ loss });
      await run.finish();
      const history = await tracker.metricHistory(run.id, 'loss');
      expect(history.map((p) => p.value)).toEqual([Number.NaN, 2, Infinity, Number.NaN]);
      const { metrics } = await tracker.run(run.id);
      expect(metrics['loss']).toMatchObject({ points: 4, last: Number.NaN, min: 2, max: Infinity });
    });

    it('keeps the first value of a parameter', async () => {
      const tracker = await create();
      await using run = await tracker.startRun({ experiment: 'intent', params: { units: 48 } });
      await run.logParams({ units: 48 });
      const error: unknown = await run.logParams({ units: 49 }).catch((e: unknown) => e);
      expect(trackerErrors.TRACKED_PARAM_CHANGED.is(error)).toBe(true);
      expect((await tracker.run(run.id)).params).toEqual({ units: 48 });
    });

    it('refuses everything after the end', async () => {
      const tracker = await create();
      const run = await tracker.startRun({ experiment: 'intent' });
      await run.finish('stopped');
      const calls = [
        () => run.logMetrics({ loss: 1 }),
        () => run.logParams({ a: 1 }),
        () => run.setTags({ a: '1' }),
        () => run.logArtifact({ name: 'a', bytes: new Uint8Array() }),
        () => run.finish(),
      ];
      for (const call of calls) {
        expect(trackerErrors.TRACKED_RUN_ENDED.is(await call().catch((e: unknown) => e))).toBe(true);
      }
      expect((await tracker.run(run.id)).status).toBe('stopped');
    });

    it('ends a run that is left open as failed', async () => {
      const tracker = await create();
      let id = '';
      {
        await using run = await tracker.startRun({ experiment: 'intent' });
        id = run.id;
      }
      expect((await tracker.run(id)).status).toBe('failed');
    });

    it('keeps artifacts, from bytes and from a file, under their hash', async () => {
      const tracker = await create();
      const path = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'notes.txt');
      await writeFile(path, 'hello');
      await using run = await tracker.startRun({ experiment: 'intent' });
      await run.logArtifact({ name: 'plots/roc.svg', bytes: new TextEncoder().encode('<svg/>') });
      await run.logArtifact(path);
      const { artifacts } = await tracker.run(run.id);
      expect(artifacts).toMatchObject([
        { name: 'plots/roc.svg', bytes: 6 },
        // printf hello | sha256sum
        { name: 'notes.txt', bytes: 5, sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' },
      ]);
      const back = await Promise.all(artifacts.map((a) => readArtifact(a.location)));
      expect(back.map((bytes) => new TextDecoder().decode(bytes))).toEqual(['<svg/>', 'hello']);
    });

    it.each(['../escape', '/etc/passwd', 'a/../../b', '', 'a//b', 'a\\b'])(
      'refuses an artifact named %j',
      async (name) => {
        const tracker = await create();
        await using run = await tracker.startRun({ experiment: 'intent' });
        const error: unknown = await run.logArtifact({ name, bytes: new Uint8Array(1) }).catch((e: unknown) => e);
        expect(trackerErrors.TRACKED_NAME_INVALID.is(error)).toBe(true);
      },
    );

    it.each(['intent', 'Größe/2 %41', '..', 'a b', '実験'])('takes an experiment named %j', async (experiment) => {
      const tracker = await create();
      await using run = await tracker.startRun({ experiment });
      expect(await tracker.experiments()).toEqual([experiment]);
      expect((await tracker.runs(experiment)).map((r) => r.id)).toEqual([run.id]);
      expect(await tracker.run(run.id)).toMatchObject({ experiment });
    });

    it.each(['', 'a\nb', 'x'.repeat(201)])('refuses an experiment named %j', async (experiment) => {
      const tracker = await create();
      const error: unknown = await tracker.startRun({ experiment }).catch((e: unknown) => e);
      expect(trackerErrors.TRACKED_NAME_INVALID.is(error)).toBe(true);
    });

    it('finds runs by tag, parameter, parent and status, best first', async () => {
      const tracker = await create();
      const parent = await tracker.startRun({ experiment: 'grid', tags: { kind: 'search' } });
      for (const [units, auc] of [
        [16, 0.7],
        [32, 0.9],
        [48, 0.8],
      ] as const) {
        await using run = await tracker.startRun({ experiment: 'grid', params: { units }, parent: parent.id });
        await run.logMetrics({ auc });
        await run.finish(units === 16 ? 'failed' : 'finished');
      }
      await parent.finish();
      const units = async (query: Parameters<Tracker['runs']>[1]): Promise<unknown[]> =>
        (await tracker.runs('grid', query)).map((r) => r.params['units']);
      expect(await units({ best: { metric: 'auc', is: 'highest' } })).toEqual([32, 48, 16, undefined]);
      expect(await units({ best: { metric: 'auc', is: 'lowest' }, limit: 2 })).toEqual([16, 48]);
      expect(await units({ params: { units: 48 } })).toEqual([48]);
      expect(await units({ status: 'failed' })).toEqual([16]);
      expect(await units({ tags: { kind: 'search' } })).toEqual([undefined]);
      expect(await units({ parent: parent.id, best: { metric: 'auc', is: 'highest' } })).toEqual([32, 48, 16]);
    });

    it('keeps the data that a run read and the models that it made', async () => {
      const tracker = await create();
      await using run = await tracker.startRun({ experiment: 'intent' });
      const columns = { session_id: 'VARCHAR', n: 'INTEGER' };
      const data = {
        name: 'sessions',
        digest: 'abc',
        context: 'training',
        source: 's3://b/sessions',
        rows: 7,
        columns,
      };
      await run.logData(data);
      await run.logData({ name: 'sessions', digest: 'def', context: 'test' });
      await run.logModel({ name: 'intent', digest: '123', version: 4, artifacts: 'model' });
      expect(await tracker.run(run.id)).toMatchObject({
        data: [data, { name: 'sessions', digest: 'def', context: 'test' }],
        models: [{ name: 'intent', digest: '123', version: 4, artifacts: 'model' }],
      });
    });

    it('goes on with a run that ended, with its counts and parameters', async () => {
      const tracker = await create();
      const first = await tracker.startRun({ experiment: 'intent', params: { units: 48 } });
      await first.logMetrics({ loss: 3 });
      await first.logMetrics({ loss: 2 });
      await first.finish('failed');
      const again = await tracker.resumeRun(first.id);
      expect(again.id).toBe(first.id);
      expect((await tracker.run(first.id)).status).toBe('running');
      await again.logMetrics({ loss: 1 });
      const error: unknown = await again.logParams({ units: 49 }).catch((e: unknown) => e);
      expect(trackerErrors.TRACKED_PARAM_CHANGED.is(error)).toBe(true);
      await again.finish();
      expect(await tracker.run(first.id)).toMatchObject({ status: 'finished', params: { units: 48 }, problems: [] });
      const history = await tracker.metricHistory(first.id, 'loss');
      expect(history.map((p) => [p.step, p.value])).toEqual([
        [0, 3],
        [1, 2],
        [2, 1],
      ]);
    });

    it('begins a run under an id of the caller, and goes on with it the next time', async () => {
      const tracker = await create();
      for (const attempt of [0, 1]) {
        await using run = await tracker.startRun({
          id: 'flow-7_train-3',
          experiment: 'intent',
          tags: { [`a${attempt}`]: '1' },
        });
        await run.logMetrics({ loss: attempt });
      }
      const runs = await tracker.runs('intent');
      expect(runs).toMatchObject([{ id: 'flow-7_train-3', tags: { a0: '1', a1: '1' } }]);
      expect(runs[0]?.metrics['loss']).toMatchObject({ points: 2, last: 1, lastStep: 1 });
    });

    it('lets nobody go on with a run while it is being written, or that is not there', async () => {
      const tracker = await create();
      await using run = await tracker.startRun({ id: 'one', experiment: 'intent' });
      const calls = [() => tracker.resumeRun(run.id), () => tracker.startRun({ id: 'one', experiment: 'intent' })];
      for (const call of calls) {
        expect(trackerErrors.TRACKED_RUN_BUSY.is(await call().catch((e: unknown) => e))).toBe(true);
      }
      const missing: unknown = await tracker.resumeRun('two').catch((e: unknown) => e);
      expect(trackerErrors.TRACKED_RUN_NOT_FOUND.is(missing)).toBe(true);
    });

    it.each(['', '../up', 'a/b', 'a b', 'x'.repeat(65)])('refuses the id %j', async (id) => {
      const tracker = await create();
      const error: unknown = await tracker.startRun({ id, experiment: 'intent' }).catch((e: unknown) => e);
      expect(trackerErrors.TRACKED_NAME_INVALID.is(error)).toBe(true);
    });

    it('keeps runs that are written at once apart, and every point of each', async () => {
      const tracker = await create();
      const runs = await Promise.all(Array.from({ length: 8 }, () => tracker.startRun({ experiment: 'many' })));
      await Promise.all(
        runs.flatMap((run, r) => Array.from({ length: 200 }, (_, i) => run.logMetrics({ m: r * 1_000 + i }))),
      );
      await Promise.all(runs.map((run) => run.finish()));
      for (const [r, run] of runs.entries()) {
        const history = await tracker.metricHistory(run.id, 'm');
        expect(history.map((p) => p.value)).toEqual(Array.from({ length: 200 }, (_, i) => r * 1_000 + i));
        expect(history.map((p) => p.step)).toEqual(Array.from({ length: 200 }, (_, i) => i));
      }
    });
  });
}
