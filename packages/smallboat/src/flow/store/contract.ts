import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cardCases } from './card-contract.ts';
import { codeOf } from './code-of.ts';
import { noteCases } from './note-contract.ts';
import { runCases } from './run-contract.ts';
import { logCases } from './log-contract.ts';
import { pickleEncodeErrors } from './pickle-encode.ts';
import { runStoreErrors } from './run-store.ts';
import type { ArtifactKey, RunStore, TaskPath } from './run-store.ts';

/** One place where runs live, made for one test. */
export interface RunStorePlace {
  /** A store over the place, as another process would open it. The first call opens it first. */
  open(): RunStore | Promise<RunStore>;
  /** Damages the stored content of an artifact; absent where the place cannot be damaged. */
  corrupt?(key: ArtifactKey): Promise<void>;
}

export interface RunStoreContract {
  readonly name: string;
  readonly create: () => Promise<RunStorePlace>;
}

/**
 * What every run store promises. An adapter calls this in its tests, and adds only what is special to it.
 *
 *     runStoreContract({ name: 'local', create: async () => ({ open: () => localRunStore({ folder: await aFolder() }) }) });
 */
export function runStoreContract({ name, create }: RunStoreContract): void {
  describe(`${name}: run store`, () => {
    let place: RunStorePlace;
    let store: RunStore;
    let other: RunStore;
    beforeEach(async () => {
      place = await create();
      store = await place.open();
      other = await place.open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    });

    const begun = async (step = 'train'): Promise<TaskPath> => {
      const run = await store.createRun('f');
      const task = await store.createTask('f', run, step);
      await store.beginAttempt(task, 0);
      return task;
    };
    const missing = (task: TaskPath): TaskPath => ({ ...task, task: '99' });
    const nowhere = '0123456789012345678901234567890123456789' as ArtifactKey;

    runCases(() => ({ store, other }));
    noteCases(() => ({ store, other, begun }));

    describe('tasks', () => {
      it('are listed in the order of their creation, with ids that no other has', async () => {
        const run = await store.createRun('f');
        const steps = ['_parameters', 'start', 'b', 'a', 'b', 'b', 'b', 'b', 'b', 'b', 'b', 'end'];
        const made: TaskPath[] = [];
        for (const step of steps) made.push(await store.createTask('f', run, step));
        const tasks = await other.tasks('f', run);
        expect(tasks.map(({ path }) => path)).toEqual(made);
        expect(tasks.map(({ path }) => path.step)).toEqual(steps);
        expect(tasks[0]).toMatchObject({ attemptsBegun: 0 });
        expect(tasks[0]).not.toHaveProperty('ended');
      });

      it('have different ids where many are made at once through two stores', async () => {
        const run = await store.createRun('f');
        const made = await Promise.all(
          Array.from({ length: 40 }, (_, i) => (i % 2 ? store : other).createTask('f', run, `s${i % 3}`)),
        );
        expect(new Set(made.map(({ task }) => task)).size).toBe(40);
        expect(await store.tasks('f', run)).toHaveLength(40);
      });

      it('are found one by one', async () => {
        const task = await begun();
        await store.createTask('f', task.run, 'other');
        expect(await other.task(task)).toMatchObject({ path: task, attemptsBegun: 1 });
        await store.endAttempt(task, 0, { artifacts: {}, hasSucceeded: true });
        expect((await other.task(task)).ended?.hasSucceeded).toBe(true);
        expect(await codeOf(other.task(missing(task)))).toBe(runStoreErrors.TASK_NOT_FOUND.code);
      });

      it('have facts, each of an attempt', async () => {
        const first = await store.createRun('f');
        const run = await store.createRun('f', { origin: first });
        const task = await store.createTask('f', run, 'fit');
        const place = { foreach: [{ step: 'fit', variable: 'points', count: 3, index: 2 }] };
        await store.beginAttempt(task, 0, place);
        await store.endAttempt(task, 0, { artifacts: {}, hasSucceeded: false, ...place });
        await store.beginAttempt(task, 1, place);
        const facts = await other.facts(task);
        const valuesOf = (field: string): unknown => facts.filter((f) => f.field === field).map((f) => f.value);
        expect(valuesOf('attempt')).toEqual(['0', '1']);
        expect(valuesOf('attempt_ok')).toEqual(['False']);
        expect(valuesOf('origin-run-id')).toContain(first);
        expect(valuesOf('foreach-execution-path')).toContain('fit:2');
        expect(facts.find((f) => f.field === 'attempt_ok')).toMatchObject({
          type: 'internal_attempt_status',
          attempt: 0,
        });
        expect(await codeOf(other.facts(missing(task)))).toBe(runStoreErrors.TASK_NOT_FOUND.code);
      });

      it('must be there before anything happens in them', async () => {
        const task = missing(await begun());
        const code = runStoreErrors.TASK_NOT_FOUND.code;
        expect(await codeOf(store.beginAttempt(task, 0))).toBe(code);
        expect(await codeOf(store.appendLog(task, 0, 'stdout', 'x'))).toBe(code);
        expect(await codeOf(store.endAttempt(task, 0, { artifacts: {}, hasSucceeded: true }))).toBe(code);
        expect(await store.tasks('f', task.run)).toHaveLength(1);
      });
    });

    describe('attempts', () => {
      it('are seen to have ended with all of their artifacts', async () => {
        const task = await begun();
        const artifacts = {
          model: await store.save('f', Float32Array.of(1, 2)),
          _record: await other.save('f', { a: 1 }),
        };
        expect((await other.tasks('f', task.run))[0]).not.toHaveProperty('ended');
        await store.endAttempt(task, 0, { artifacts, hasSucceeded: true });
        const [info] = await other.tasks('f', task.run);
        expect(info).toMatchObject({ path: task, attemptsBegun: 1, ended: { attempt: 0, hasSucceeded: true } });
        expect(info?.ended?.artifacts).toEqual(artifacts);
        expect(info?.ended?.startedAt).toBeLessThanOrEqual(info?.ended?.endedAt ?? -1);
        expect(await other.load('f', artifacts.model)).toEqual(Float32Array.of(1, 2));
        expect(await other.load('f', artifacts._record)).toEqual({ a: 1 });
      });

      it('that fail are followed by others; the last that ended counts', async () => {
        const task = await begun();
        await store.endAttempt(task, 0, { artifacts: {}, hasSucceeded: false });
        expect((await other.tasks('f', task.run))[0]?.ended).toMatchObject({
          attempt: 0,
          hasSucceeded: false,
          artifacts: {},
        });
        await store.beginAttempt(task, 1);
        expect((await other.tasks('f', task.run))[0]).toMatchObject({ attemptsBegun: 2, ended: { attempt: 0 } });
        await other.endAttempt(task, 1, { artifacts: {}, hasSucceeded: true });
        expect((await store.tasks('f', task.run))[0]?.ended).toMatchObject({ attempt: 1, hasSucceeded: true });
      });

      it('end once', async () => {
        const task = await begun();
        await store.endAttempt(task, 0, { artifacts: {}, hasSucceeded: true });
        const again = other.endAttempt(task, 0, { artifacts: {}, hasSucceeded: false });
        expect(await codeOf(again)).toBe(runStoreErrors.ATTEMPT_ENDED.code);
        expect(await codeOf(store.beginAttempt(task, 0))).toBe(runStoreErrors.ATTEMPT_ENDED.code);
        expect((await other.tasks('f', task.run))[0]?.ended?.hasSucceeded).toBe(true);
      });

      it('do not end with an artifact that was never saved, or of a name that Python cannot have', async () => {
        const task = await begun();
        const end = (artifacts: Record<string, ArtifactKey>): Promise<void> =>
          store.endAttempt(task, 0, { artifacts, hasSucceeded: true });
        expect(await codeOf(end({ x: nowhere }))).toBe(runStoreErrors.ARTIFACT_NOT_FOUND.code);
        const key = await store.save('f', 1);
        for (const name of ['a-b', '../x', '1st', '']) {
          expect(await codeOf(end({ [name]: key }))).toBe(runStoreErrors.STORE_NAME_INVALID.code);
        }
        expect((await other.tasks('f', task.run))[0]).not.toHaveProperty('ended');
      });
    });

    describe('artifacts', () => {
      it('come back as they went in, before and after an attempt names them', async () => {
        const values = [
          null,
          true,
          -0,
          2n ** 70n,
          'ø',
          [1, [2]],
          { a: { b: 'c' } },
          new Date(5),
          new Set([1]),
          Uint8Array.of(1),
        ];
        const task = await begun();
        const keys = await Promise.all(values.map((value) => store.save('f', value)));
        expect(await Promise.all(keys.map((key) => other.load('f', key)))).toStrictEqual(values);
        const artifacts = Object.fromEntries(keys.map((key, i) => [`a${i}`, key]));
        await other.endAttempt(task, 0, { artifacts, hasSucceeded: true });
        expect(await Promise.all(keys.map((key) => store.load('f', key)))).toStrictEqual(values);
      });

      it('of the same content have one key, in every flow', async () => {
        const key = await store.save('f', { a: [1, 2] });
        expect(await other.save('f', { a: [1, 2] })).toBe(key);
        expect(await store.save('f', { a: [1, 3] })).not.toBe(key);
        for (const flow of ['f', 'g', 'h']) {
          const task = await store.createTask(flow, await store.createRun(flow), 's');
          expect(await other.save(flow, { a: [1, 2] })).toBe(key);
          await store.endAttempt(task, 0, { artifacts: { x: key, y: key }, hasSucceeded: true });
          expect((await other.tasks(flow, task.run))[0]?.ended?.artifacts).toEqual({ x: key, y: key });
          expect(await other.load(flow, key)).toEqual({ a: [1, 2] });
        }
      });

      it('are of the flow that they were saved for', async () => {
        const key = await store.save('f', 'only here');
        const task = await store.createTask('g', await store.createRun('g'), 's');
        const code = runStoreErrors.ARTIFACT_NOT_FOUND.code;
        expect(await codeOf(other.load('g', key))).toBe(code);
        expect(await codeOf(store.endAttempt(task, 0, { artifacts: { key }, hasSucceeded: true }))).toBe(code);
        expect([await other.has('f', key), await other.has('g', key)]).toEqual([true, false]);
      });

      it('can be bytes as they are', async () => {
        const bytes = Uint8Array.from({ length: 3000 }, () => 7);
        const made = await store.saveBytes('f', bytes);
        expect(await other.loadBytes('f', made.key)).toEqual(bytes);
        expect(made.url).toContain(made.key);
      });

      it('are not changed by what is done to the value after', async () => {
        const value = { list: [1], numbers: Float64Array.from({ length: 9000 }, () => 1) };
        const key = await store.save('f', value);
        value.list.push(2);
        value.numbers.fill(0);
        const loaded = (await store.load('f', key)) as typeof value;
        loaded.numbers.fill(7);
        expect(((await store.load('f', key)) as typeof value).numbers[8999]).toBe(1);
        expect(((await other.load('f', key)) as typeof value).list).toEqual([1]);
      });

      it('of any size come back, whether they shrink or not', async () => {
        const noise = Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i) * 1e6);
        const values = [
          noise,
          new Float32Array(50_000),
          'lorem ipsum '.repeat(20_000),
          { noise, text: 'x'.repeat(600) },
        ];
        for (const value of values) expect(await other.load('f', await store.save('f', value))).toEqual(value);
      });

      it('that are no plain data are refused by their path', async () => {
        const error: unknown = await store.save('f', { rows: [{ fn: () => 1 }] }).catch((e: unknown) => e);
        expect(pickleEncodeErrors.VALUE_NOT_STORABLE.is(error) && error.facts.path).toBe('$.rows[0].fn');
      });

      it('that were not saved are not found', async () => {
        expect(await codeOf(store.load('f', nowhere))).toBe(runStoreErrors.ARTIFACT_NOT_FOUND.code);
        expect(await codeOf(store.load('f', '../../etc/passwd' as ArtifactKey))).toBe(
          runStoreErrors.ARTIFACT_NOT_FOUND.code,
        );
      });

      it('that are damaged are noticed, and made whole by saving them again', async ({ skip }) => {
        skip(place.corrupt === undefined, 'this place cannot be damaged');
        for (const value of [{ small: 1 }, 'large '.repeat(1000), Float64Array.from({ length: 5000 }, Math.random)]) {
          const task = await begun();
          const key = await store.save('f', value);
          await store.endAttempt(task, 0, { artifacts: { x: key }, hasSucceeded: true });
          await place.corrupt?.(key);
          const error: unknown = await other.load('f', key).catch((e: unknown) => e);
          expect(runStoreErrors.ARTIFACT_CORRUPT.is(error) && error.facts.key).toBe(key);
          await (await place.open()).save('f', value);
          expect(await other.load('f', key)).toEqual(value);
        }
      });
    });

    logCases(() => ({ store, other, begun }));
    cardCases(() => ({ store, other, begun }));
  });
}
