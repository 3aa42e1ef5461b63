import type { Loss, TaskProgress } from '../../engine/job.ts';

/** What the process of a task says of itself on its standard output, between the lines of the body. */
export type Said =
  | { readonly kind: 'progress'; readonly progress: TaskProgress }
  /** The body's process was lost, and how. */
  | { readonly kind: 'lost'; readonly loss: Loss };

const MARK = '[smallboat] ';

/** As a line of the log: `[smallboat] progress 0.42 epoch 3`. */
export function lineOf(said: Said): string {
  if (said.kind === 'lost') return `${MARK}lost ${JSON.stringify(said.loss)}`;
  const { fraction, message } = said.progress;
  return `${MARK}progress ${Number(fraction.toFixed(4))}${message === undefined ? '' : ` ${message.replaceAll('\n', ' ')}`}`;
}

/** What a line of a log says of the task; undefined for a line of the body. */
export function saidIn(line: string): Said | undefined {
  const [, kind, rest = ''] = /^\[smallboat\] (progress|lost) (.*)$/s.exec(line.trimEnd()) ?? [];
  if (kind === 'progress') {
    const [, fraction, message] = /^([\d.]+)(?: (.*))?$/.exec(rest) ?? [];
    if (fraction === undefined) return undefined;
    return { kind, progress: { fraction: Number(fraction), ...(message === undefined ? {} : { message }) } };
  }
  if (kind !== 'lost') return undefined;
  try {
    return { kind, loss: JSON.parse(rest) as Loss }; // Written by `lineOf`.
  } catch (error) {
    // A body may print what looks like it, and a log may be cut.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
