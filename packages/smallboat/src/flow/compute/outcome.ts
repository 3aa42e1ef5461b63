import { endedAttempt } from '../engine/ended-attempt.ts';
import type { Job, Loss, Outcome } from '../engine/job.ts';
import type { RunStore } from '../store/run-store.ts';
import type { ContainerEnd } from './service.ts';
import { EXIT } from './task/exit-codes.ts';

/** What is known of an attempt when its container has ended. */
export interface Ended {
  readonly end: ContainerEnd;
  /** How the body's process was lost, as the container said itself. */
  readonly loss?: Loss;
  /** The last that it printed. */
  readonly tail: string;
  /** For people: `AWS Batch`. */
  readonly service: string;
  /** Whether the step has a limit of its own. */
  readonly hasLimit: boolean;
}

/**
 * What an attempt came to. The store has the last word: an attempt that has ended there has ended, whatever became of its container after
 * that.
 */
export async function outcomeOf(job: Job, store: RunStore, known: Ended): Promise<Outcome> {
  return (await endedAttempt(job, store)) ?? lossOf(known);
}

function lossOf({ end, loss, tail, service, hasLimit }: Ended): Outcome {
  const lost = (kind: Loss['kind'], how: string): Outcome => ({ kind: 'lost', loss: { kind, how, tail } });
  switch (end.kind) {
    case 'stopped':
      return { kind: 'stopped' };
    case 'timedOut':
      return hasLimit ? { kind: 'timedOut' } : lost('killed', `was ended by ${service}: ${end.reason}`);
    case 'machineLost':
      return lost('machineLost', end.reason);
    case 'outOfMemory':
      return lost('outOfMemory', `was ended by ${service}: ${end.reason}`);
    case 'killed':
      return lost('killed', `was ended by ${service}: ${end.reason}`);
    case 'notRun':
      return lost('killed', `could not be started on ${service}: ${end.reason}`);
    case 'exited':
      break;
  }
  const job = end.id === '' ? '' : ` (job ${end.id})`;
  switch (end.exitCode) {
    case EXIT.timedOut:
      return { kind: 'timedOut' };
    case EXIT.machineLost:
      return lost('machineLost', `${service} was about to take it away`);
    case EXIT.lost:
    case EXIT.outOfMemory:
      return { kind: 'lost', loss: loss ?? { kind: 'killed', how: `was lost in its container${job}`, tail } };
    case EXIT.noNode:
      return lost('killed', `could not be started on ${service}: its image has no Node that runs it`);
    case EXIT.codeUnusable:
      return lost('killed', `could not fetch its code package${job}`);
    case EXIT.storeUnreachable:
      return lost('killed', `could not reach the store${job}`);
    case EXIT.stopped:
      return lost('killed', `was told to end by ${service}${job}${because(end.reason)}`);
    // As a shell tells that SIGKILL ended it: nobody said why.
    case 137:
      return lost('killed', `was killed by SIGKILL on ${service}${job}${because(end.reason)}`);
    case EXIT.succeeded:
      return lost('killed', `ended on ${service} without ending its attempt in the store${job}`);
    default:
      return lost('killed', `exited with code ${end.exitCode} on ${service}${job}${because(end.reason)}`);
  }
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason}`;
}
