import { defineErrors } from '../../kernel/index.ts';

/** How a task fails that did not throw: by its time, its memory, its process or its machine. Each in one line. */
export const taskErrors = defineErrors({
  STEP_TIMED_OUT: (f: { task: string; seconds: number }) =>
    `${f.task} took longer than its timeoutSeconds, ${f.seconds}. Give it more time, or have it do less.`,
  OUT_OF_MEMORY: (f: { task: string; how: string; limitMiB?: number }) =>
    `${f.task} ran out of memory: its process ${f.how}${f.limitMiB === undefined ? '' : `, with resources.memoryMiB at ${f.limitMiB}`}. Give it more memory, or have it hold less at once.`,
  WORKER_LOST: (f: { task: string; how: string; tail: string }) =>
    `The process of ${f.task} ${f.how}.${f.tail === '' ? '' : ` Its last words:\n${f.tail}`}`,
  MACHINE_LOST: (f: { task: string; how: string }) =>
    `The machine that ran ${f.task} was lost: ${f.how}. Its work was not at fault; 'retry' has it begin again on another machine.`,
});
