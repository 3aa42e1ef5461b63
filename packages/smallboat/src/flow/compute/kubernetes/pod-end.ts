import * as z from 'zod';
import type { ContainerEnd, UnfinishedJob } from '../service.ts';

const Terminated = z.looseObject({
  exitCode: z.number(),
  reason: z.string().default(''),
  message: z.string().default(''),
});
const Waiting = z.looseObject({ reason: z.string().default(''), message: z.string().default('') });
const Condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
});

/** What is read of a pod. */
export const Pod = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  status: z
    .looseObject({
      phase: z.string().default('Pending'),
      reason: z.string().default(''),
      message: z.string().default(''),
      conditions: z.array(Condition).nullish(),
      containerStatuses: z
        .array(
          z.looseObject({
            state: z
              .looseObject({
                terminated: Terminated.nullish(),
                waiting: Waiting.nullish(),
                running: z.looseObject({}).nullish(),
              })
              .default({}),
          }),
        )
        .nullish(),
    })
    .default({ phase: 'Pending', reason: '', message: '' }),
});
export type Pod = z.infer<typeof Pod>;

/** What is read of a Job. */
export const Job = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
    creationTimestamp: z.string().optional(),
  }),
  status: z.looseObject({ conditions: z.array(Condition).nullish(), active: z.number().nullish() }).default({}),
});
export type Job = z.infer<typeof Job>;
export const JobList = z.looseObject({ items: z.array(Job) });

/** Reasons of a pod's end that are its machine's, and not its own. */
const MACHINE =
  /^(?:Evicted|NodeLost|NodeShutdown|Shutdown|Terminated|Preempting|NodeAffinity|UnexpectedAdmissionError|OutOf\w+)$/;
/** Reasons for which a container will not start, however long one waits. */
const HOPELESS =
  /^(?:ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError|CreateContainerError|RunContainerError|StartError)$/;

/** How a pod ended; undefined while it has not. */
export function endOfPod({ metadata: { name: id }, status }: Pod): ContainerEnd | undefined {
  const disruption = status.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  const state = status.containerStatuses?.[0]?.state ?? {};
  const { terminated, waiting } = state;
  const isOver = status.phase === 'Failed' || status.phase === 'Succeeded' || Boolean(terminated);
  if (!isOver) {
    if (!waiting || !HOPELESS.test(waiting.reason)) return undefined;
    return { kind: 'notRun', reason: joined(waiting.reason, waiting.message), id };
  }
  // The kubelet's own reasons come without an end of the container, and where it has ended all the same.
  if (terminated?.exitCode === 0) return { kind: 'exited', exitCode: 0, id };
  if (disruption) return { kind: 'machineLost', reason: joined(disruption.reason, disruption.message), id };
  if (status.reason === 'DeadlineExceeded')
    return { kind: 'timedOut', reason: joined(status.reason, status.message), id };
  if (terminated?.reason === 'OOMKilled') return { kind: 'outOfMemory', reason: 'OOMKilled', id };
  if (MACHINE.test(status.reason)) return { kind: 'machineLost', reason: joined(status.reason, status.message), id };
  if (!terminated) return { kind: 'killed', reason: joined(status.reason, status.message) || 'its pod failed', id };
  const { exitCode, reason } = terminated;
  if (HOPELESS.test(reason) || reason === 'ContainerCannotRun') {
    return { kind: 'notRun', reason: joined(reason, terminated.message), id };
  }
  return { kind: 'exited', exitCode, id, ...(['', 'Error'].includes(reason) ? {} : { reason }) };
}

/** How a Job ended whose pod is gone or never was; undefined while it has not. */
export function endOfJob({ metadata: { name: id }, status }: Job): ContainerEnd | undefined {
  const is = (wanted: string) => status.conditions?.find((c) => c.type === wanted && c.status === 'True');
  const failed = is('Failed') ?? is('FailureTarget');
  if (failed?.reason === 'DeadlineExceeded')
    return { kind: 'timedOut', reason: joined(failed.reason, failed.message), id };
  if (failed) return { kind: 'machineLost', reason: joined(failed.reason, failed.message), id };
  return is('Complete') ? { kind: 'exited', exitCode: 0, id } : undefined;
}

/** A pod's state for people: `Pending`, `Pending: Unschedulable, 0/3 nodes are available`, `Running`. */
export function stateOfPod({ status }: Pod): string {
  const waiting = status.containerStatuses?.[0]?.state.waiting;
  if (waiting?.reason) return `${status.phase}: ${waiting.reason}`;
  const unscheduled = status.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  return unscheduled ? `${status.phase}: ${joined(unscheduled.reason, unscheduled.message)}` : status.phase;
}

/** A Job that has not ended, for listings. */
export function unfinishedOf({ metadata: { name, annotations, creationTimestamp }, status }: Job): UnfinishedJob {
  const of = (fact: string): string => annotations[`metaflow/${fact}`] ?? '';
  const labels = {
    user: of('user'),
    flow: of('flow_name'),
    run: of('run_id'),
    step: of('step_name'),
    task: of('task_id'),
    attempt: of('attempt'),
  };
  const createdAt = creationTimestamp === undefined ? 0 : Date.parse(creationTimestamp);
  return { id: name, state: (status.active ?? 0) > 0 ? 'active' : 'waiting', labels, createdAt };
}

function joined(reason: string, message: string): string {
  return [reason, message.trim()].filter((text) => text !== '').join(', ');
}
