import type { JobDetail } from '@aws-sdk/client-batch';
import { expect, it } from 'vitest';
import { endOf } from './job-end.ts';

// Sentences of AWS Batch and of ECS, as their documentation and issue trackers show them.
it.each<[string, Partial<JobDetail>, object]>([
  [
    'a good end',
    { status: 'SUCCEEDED', container: { exitCode: 0 }, statusReason: 'Essential container in task exited' },
    { kind: 'exited', exitCode: 0 },
  ],
  [
    'a code',
    { container: { exitCode: 3 }, statusReason: 'Essential container in task exited' },
    { kind: 'exited', exitCode: 3 },
  ],
  ['a lost machine', { statusReason: 'Host EC2 (instance i-0123456789abcdef0) terminated.' }, { kind: 'machineLost' }],
  [
    'a lost machine with a code',
    { container: { exitCode: 137 }, statusReason: 'Host EC2 (instance i-0123456789abcdef0) terminated.' },
    { kind: 'machineLost' },
  ],
  [
    'a lost machine of Fargate',
    { statusReason: 'Your Spot Task was interrupted.', container: { exitCode: 143 } },
    { kind: 'machineLost' },
  ],
  [
    'no memory',
    {
      container: { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      statusReason: 'Essential container in task exited',
    },
    { kind: 'outOfMemory' },
  ],
  [
    'no time',
    { statusReason: 'Job attempt duration exceeded timeout', container: { exitCode: 143 } },
    { kind: 'timedOut' },
  ],
  [
    'a person',
    { statusReason: 'Terminated by ada', container: { exitCode: 143 } },
    { kind: 'exited', exitCode: 143, reason: 'Terminated by ada' },
  ],
  [
    'a missing image',
    {
      statusReason: 'Task failed to start',
      container: { reason: 'CannotPullContainerError: pull access denied' },
      startedAt: 1,
    },
    { kind: 'notRun', reason: expect.stringContaining('CannotPull') as string },
  ],
  ['a stop before it began', { statusReason: 'Terminated by ada' }, { kind: 'notRun', reason: 'Terminated by ada' }],
  ['no reason at all', { startedAt: 1 }, { kind: 'killed' }],
  [
    'words of the attempt only',
    { attempts: [{ statusReason: 'Essential container in task exited', container: { exitCode: 2 } }] },
    { kind: 'exited', exitCode: 2 },
  ],
])('tells %s', (_, job, end) => {
  expect(endOf({ jobId: 'j1', status: 'FAILED', ...job } as JobDetail)).toMatchObject({ ...end, id: 'j1' });
});
