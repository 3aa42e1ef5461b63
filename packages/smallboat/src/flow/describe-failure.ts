import type { TaskError } from './engine/job.ts';

/** What a reader of a failed run needs: what went wrong, where, where to look, how to go on. */
export function describeFailure(f: {
  readonly task: string;
  readonly attempts: number;
  readonly error: TaskError;
  readonly pathspec: string;
  readonly run: string;
  /** ` --home DIR` where the run is not in the folder that the commands look in by themselves. */
  readonly home: string;
  /** The step to resume from, where that is not the one that failed. */
  readonly from?: string;
}): string {
  const { code, message, stack } = f.error;
  const tries = f.attempts === 1 ? '' : ` after ${f.attempts} attempts`;
  const what = code === undefined ? (stack ?? message) : `${code}: ${message}`;
  return [
    `Step ${f.task} failed${tries}.`,
    '',
    ...readableStack(what).map((line) => `  ${line}`),
    '',
    `Its log:          smallboat logs ${f.pathspec}${f.home}`,
    `After mending it: smallboat resume --run ${f.run}${f.from === undefined ? '' : ` --from ${f.from}`}${f.home}`,
  ].join('\n');
}

/** A stack trace without the frames of the engine and of Node, with paths instead of URLs. */
export function readableStack(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s+at .*(?:node:internal|\/flow\/engine\/|\(native\))/.test(line))
    .map((line) => line.replace('file://', ''));
}
