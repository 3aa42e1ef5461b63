import type { LogStream, Loss, TaskProgress } from '../engine/job.ts';
import { saidIn } from './task/said.ts';

export interface ContainerLogOptions {
  readonly onLog?: (stream: LogStream, text: string) => void;
  readonly onProgress?: (progress: TaskProgress) => void;
}

/** Reads what a container prints: what the task says of itself goes its own way, the rest is the body's. */
export interface ContainerLog {
  write(stream: LogStream, text: string): void;
  /** Hands on what is left without an end of line. */
  end(): void;
  /** Hands on those lines of a text that were not handed on yet: services may lose the last of them, or tell them late. */
  complete(stream: LogStream, text: string): void;
  /** The last that was printed, some 4000 characters. */
  readonly tail: string;
  /** How the body's process was lost, where the task said so. */
  readonly loss: Loss | undefined;
}

export function containerLog({ onLog, onProgress }: ContainerLogOptions): ContainerLog {
  const open = { stdout: '', stderr: '' };
  /** How often each line was handed on. */
  const shown = new Map<string, number>();
  let tail = '';
  let loss: Loss | undefined;
  const line = (stream: LogStream, text: string): void => {
    const said = saidIn(text);
    if (said?.kind === 'progress') return onProgress?.(said.progress);
    if (said?.kind === 'lost') {
      ({ loss } = said);
      return;
    }
    tail = (tail + text).slice(-4000);
    shown.set(text, (shown.get(text) ?? 0) + 1);
    onLog?.(stream, text);
  };
  return {
    write(stream, text) {
      const lines = (open[stream] + text).split(/(?<=\n)/);
      open[stream] = lines.at(-1)?.endsWith('\n') === false ? (lines.pop() ?? '') : '';
      for (const whole of lines) line(stream, whole);
    },
    end() {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (open[stream] !== '') line(stream, `${open[stream]}\n`);
        open[stream] = '';
      }
    },
    complete(stream, text) {
      for (const whole of text.split(/(?<=\n)/)) {
        const ended = whole.endsWith('\n') ? whole : `${whole}\n`;
        const times = shown.get(ended) ?? 0;
        if (times > 0) shown.set(ended, times - 1);
        else if (whole !== '') onLog?.(stream, ended);
      }
    },
    get tail() {
      return tail;
    },
    get loss() {
      return loss;
    },
  };
}
