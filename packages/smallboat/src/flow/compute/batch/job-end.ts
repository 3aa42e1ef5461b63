import type { JobDetail } from '@aws-sdk/client-batch';
import type { ContainerEnd } from '../service.ts';

/**
 * What AWS Batch says of a job that has ended, in our words. It tells reasons as sentences: of the job (`statusReason`) and of its container
 * (`reason`).
 */
export function endOf(job: JobDetail): ContainerEnd {
  const { jobId: id = '', status, statusReason = '', container = {}, attempts = [], startedAt } = job;
  const last = attempts.at(-1);
  const exitCode = container.exitCode ?? last?.container?.exitCode;
  const said = container.reason ?? last?.container?.reason ?? '';
  const reasons = [statusReason || (last?.statusReason ?? ''), said].filter((text) => text !== '');
  const reason = [...new Set(reasons)].join(': ');
  if (status === 'SUCCEEDED') return { kind: 'exited', exitCode: exitCode ?? 0, id };
  if (/^Host EC2\b.*\bterminated|Spot Task was interrupted|\bspot interruption\b/i.test(reason)) {
    return { kind: 'machineLost', reason, id };
  }
  if (/Job attempt duration exceeded timeout/i.test(reason)) return { kind: 'timedOut', reason, id };
  if (/OutOfMemory/i.test(reason)) return { kind: 'outOfMemory', reason, id };
  if (exitCode !== undefined) return { kind: 'exited', exitCode, id, ...(reason === '' ? {} : { reason }) };
  if (startedAt === undefined || /CannotPull|CannotStart|ResourceInitialization|Task failed to start/i.test(reason)) {
    return { kind: 'notRun', reason: reason || 'AWS Batch gives no reason', id };
  }
  return { kind: 'killed', reason: reason || 'AWS Batch gives no reason', id };
}
