import { describe, expect, it } from 'vitest';
import { Job, Pod, endOfJob, endOfPod, stateOfPod } from './pod-end.ts';

const pod = (status: object): Pod => Pod.parse({ metadata: { name: 'p' }, status });
const ended = (terminated: object, more: object = {}): Pod =>
  pod({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 1, ...terminated } } }], ...more });
const disrupted = (reason: string) => ({
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'm' }],
});

describe('the end of a pod', () => {
  it.each<[string, Pod, object | undefined]>([
    [
      'of a good one',
      ended({ exitCode: 0, reason: 'Completed' }, { phase: 'Succeeded' }),
      { kind: 'exited', exitCode: 0 },
    ],
    ['of one that failed', ended({ exitCode: 3, reason: 'Error' }), { kind: 'exited', exitCode: 3 }],
    ['for want of memory', ended({ exitCode: 137, reason: 'OOMKilled' }), { kind: 'outOfMemory' }],
    [
      'by eviction',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }),
      { kind: 'machineLost', reason: 'Evicted, The node was low on resource: memory.' },
    ],
    [
      'by preemption',
      ended({ exitCode: 143, reason: 'Error' }, disrupted('PreemptionByScheduler')),
      { kind: 'machineLost' },
    ],
    ['with its node', pod({ phase: 'Failed', ...disrupted('DeletionByTaintManager') }), { kind: 'machineLost' }],
    [
      'that came before the disruption',
      ended({ exitCode: 0 }, disrupted('EvictionByEvictionAPI')),
      { kind: 'exited', exitCode: 0 },
    ],
    ['by its deadline', pod({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'm' }), { kind: 'timedOut' }],
    [
      'of one that could not begin',
      ended({ exitCode: 128, reason: 'StartError', message: 'exec: "sh": not found' }),
      { kind: 'notRun', reason: expect.stringContaining('exec') as string },
    ],
    [
      'of one whose image is not there',
      pod({
        phase: 'Pending',
        containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff', message: 'm' } } }],
      }),
      { kind: 'notRun' },
    ],
    [
      'of one that still waits',
      pod({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] }),
      undefined,
    ],
    ['of one that runs', pod({ phase: 'Running', containerStatuses: [{ state: { running: {} } }] }), undefined],
    ['that nobody explains', pod({ phase: 'Failed' }), { kind: 'killed', reason: 'its pod failed' }],
  ])('%s', (_, one, end) => {
    if (end === undefined) expect(endOfPod(one)).toBeUndefined();
    else expect(endOfPod(one)).toMatchObject({ ...end, id: 'p' });
  });
});

it('tells the end of a Job whose pod is gone', () => {
  const job = (type: string, reason: string): Job =>
    Job.parse({ metadata: { name: 'j' }, status: { conditions: [{ type, status: 'True', reason }] } });
  expect(endOfJob(job('Failed', 'BackoffLimitExceeded'))).toMatchObject({ kind: 'machineLost' });
  expect(endOfJob(job('Failed', 'DeadlineExceeded'))).toMatchObject({ kind: 'timedOut' });
  expect(endOfJob(job('Complete', ''))).toMatchObject({ kind: 'exited', exitCode: 0 });
  expect(endOfJob(Job.parse({ metadata: { name: 'j' }, status: {} }))).toBeUndefined();
});

it('says why a pod waits', () => {
  const conditions = [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
  ];
  expect(stateOfPod(pod({ phase: 'Pending', conditions }))).toBe('Pending: Unschedulable, 0/3 nodes are available');
  expect(stateOfPod(pod({ phase: 'Running' }))).toBe('Running');
});
