import type { JobDetail } from '@aws-sdk/client-batch';
import { expect, it } from 'vitest';
import { jobPoller } from './job-poller.ts';
import { multiNode } from './multi-node.ts';

const gang = (index: number, name = 'g') => ({ name, count: 3, index });

/** A service whose jobs go through the states that are given, one a question, and stay in the last. */
function aService(...states: Partial<JobDetail>[]) {
  let asked = 0;
  const describe = (ids: readonly string[]): Promise<JobDetail[]> => {
    const state = states[Math.min(asked, states.length - 1)];
    asked += 1;
    return Promise.resolve(ids.map((jobId) => ({ jobId, ...state }) as JobDetail));
  };
  const wait = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return multiNode(jobPoller({ describe, wait }));
}

it('has one job submitted for all members, and numbers them', async () => {
  const nodes = aService({ status: 'RUNNABLE' }, { status: 'RUNNING' }, { status: 'SUCCEEDED', startedAt: 1 });
  let submitted = 0;
  const submit = (): Promise<string> => Promise.resolve(`j${(submitted += 1)}`);
  // The first is not the first to come.
  const entered = await Promise.all([2, 0, 1].map((index) => nodes.enter(gang(index), { onState: () => {} }, submit)));
  expect(entered.map(({ job, id }) => [job, id])).toEqual([
    ['j1', 'j1#2'],
    ['j1', 'j1#0'],
    ['j1', 'j1#1'],
  ]);
  expect(await Promise.all(entered.map(({ begun }) => begun))).toEqual([undefined, undefined, undefined]);
});

it('says to all of them why it was not submitted, or never had containers', async () => {
  const nodes = aService({ status: 'RUNNABLE' }, { status: 'FAILED', statusReason: 'no such machine' });
  const enter = (name: string, submit: () => Promise<string>) =>
    [0, 1, 2].map((index) => nodes.enter(gang(index, name), { onState: () => {} }, submit));
  const refused = await Promise.allSettled(enter('a', () => Promise.reject(new Error('no queue'))));
  expect(refused.map((one) => one.status === 'rejected' && String(one.reason))).toEqual(
    Array(3).fill('Error: no queue'),
  );
  const [one, two] = await Promise.all(enter('b', () => Promise.resolve('j')));
  for (const node of [one, two]) expect(await node?.begun).toMatchObject({ statusReason: 'no such machine' });
});

it('does not keep a member that is to stop waiting for the first', async () => {
  const stop = new AbortController();
  const waiting = aService({}).enter(gang(1), { onState: () => {}, signal: stop.signal }, () => Promise.resolve('j'));
  stop.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
});
