import { describe, expect, it } from 'vitest';
import type { Job, Outcome } from '../engine/job.ts';
import { RECORD } from '../engine/record.ts';
import { inMemoryRunStore } from '../store-in-memory.ts';
import { outcomeOf } from './outcome.ts';
import type { ContainerEnd } from './service.ts';
import { EXIT } from './task/exit-codes.ts';

async function anAttempt(): Promise<{ store: ReturnType<typeof inMemoryRunStore>; job: Job }> {
  const store = inMemoryRunStore();
  const run = await store.createRun('F');
  const path = await store.createTask('F', run, 'train');
  await store.beginAttempt(path, 0);
  return {
    store,
    job: { path, attempt: 0, step: 'train', index: [], inputs: {}, environment: {}, measure: [], tags: [] },
  };
}

async function of(end: ContainerEnd, known: { hasLimit?: boolean; tail?: string } = {}): Promise<Outcome> {
  const { store, job } = await anAttempt();
  return outcomeOf(job, store, { end, tail: '', service: 'AWS Batch', hasLimit: true, ...known });
}

const exited = (exitCode: number, reason?: string): ContainerEnd => ({
  kind: 'exited',
  exitCode,
  id: 'j1',
  ...(reason === undefined ? {} : { reason }),
});

describe('what an attempt came to', () => {
  it('is what the store has, whatever became of the container', async () => {
    const { store, job } = await anAttempt();
    const key = await store.save('F', 7);
    const record = await store.save('F', { kind: 'task', index: [], lengths: { xs: 3 }, absent: ['y'] });
    await store.endAttempt(job.path, 0, { artifacts: { x: key, [RECORD]: record }, hasSucceeded: true });
    const known = { tail: '', service: 'AWS Batch', hasLimit: false };
    for (const end of [exited(0), exited(137), { kind: 'machineLost', reason: 'gone', id: 'j1' } as const]) {
      expect(await outcomeOf(job, store, { ...known, end })).toMatchObject({
        kind: 'succeeded',
        artifacts: { x: key },
        absent: ['y'],
        lengths: { xs: 3 },
      });
    }
  });

  it('is the error that the store has of an attempt that failed', async () => {
    const { store, job } = await anAttempt();
    const error = { kind: 'threw', message: 'no such table' };
    const record = await store.save('F', { kind: 'task', index: [], lengths: {}, error });
    await store.endAttempt(job.path, 0, { artifacts: { [RECORD]: record }, hasSucceeded: false });
    const known = { tail: '', service: 'AWS Batch', hasLimit: false, end: exited(1) };
    expect(await outcomeOf(job, store, known)).toEqual({ kind: 'failed', error });
  });

  it.each<[ContainerEnd, string, RegExp]>([
    [{ kind: 'machineLost', reason: 'Host EC2 (instance i-1) terminated.', id: 'j1' }, 'machineLost', /Host EC2/],
    [exited(EXIT.machineLost), 'machineLost', /about to take it away/],
    [
      { kind: 'outOfMemory', reason: 'OutOfMemoryError', id: 'j1' },
      'outOfMemory',
      /was ended by AWS Batch: OutOfMemoryError/,
    ],
    [{ kind: 'killed', reason: 'stopped by ada', id: 'j1' }, 'killed', /was ended by AWS Batch: stopped by ada/],
    [{ kind: 'notRun', reason: 'CannotPullContainerError' }, 'killed', /could not be started on AWS Batch: CannotPull/],
    [exited(137), 'killed', /was killed by SIGKILL on AWS Batch \(job j1\)/],
    [exited(EXIT.stopped, 'Terminated by ada'), 'killed', /was told to end by AWS Batch \(job j1\): Terminated by ada/],
    [exited(EXIT.noNode), 'killed', /its image has no Node/],
    [exited(EXIT.codeUnusable), 'killed', /could not fetch its code package/],
    [exited(EXIT.storeUnreachable), 'killed', /could not reach the store/],
    [exited(0), 'killed', /without ending its attempt/],
    [exited(3), 'killed', /exited with code 3/],
  ])('is a loss: %j', async (end, kind, how) => {
    expect(await of(end, { tail: 'last words' })).toEqual({
      kind: 'lost',
      loss: { kind, how: expect.stringMatching(how) as string, tail: 'last words' },
    });
  });

  it('is out of time for a step that has a limit, by whichever clock', async () => {
    expect(await of(exited(EXIT.timedOut))).toEqual({ kind: 'timedOut' });
    const end: ContainerEnd = { kind: 'timedOut', reason: 'Job attempt duration exceeded timeout', id: 'j1' };
    expect(await of(end)).toEqual({ kind: 'timedOut' });
    expect(await of(end, { hasLimit: false })).toMatchObject({ kind: 'lost', loss: { kind: 'killed' } });
  });

  it('is what the task said of its own process', async () => {
    const { store, job } = await anAttempt();
    const loss = { kind: 'outOfMemory', how: 'filled all the memory that it may have', tail: 'heap' } as const;
    const known = { loss, tail: '', service: 'AWS Batch', hasLimit: false, end: exited(EXIT.outOfMemory) };
    expect(await outcomeOf(job, store, known)).toEqual({ kind: 'lost', loss });
  });
});
