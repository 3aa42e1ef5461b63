import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** Milliseconds between two looks at a process: a page takes a microsecond to fill, a GiB some 200 ms. */
const EVERY = 100;

/**
 * Calls back once, when a process takes more than `limitMiB` of the machine's memory, with what it takes. From outside, since a body that
 * computes cannot look at itself. Stop it when the task has ended.
 */
export function watchMemory(pid: number, limitMiB: number, onMore: (usedMiB: number) => void): { stop(): void } {
  const timer = setInterval(() => {
    void residentMiB(pid).then((used) => {
      if (used <= limitMiB) return;
      clearInterval(timer);
      onMore(Math.round(used));
    });
  }, EVERY);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Resident memory of a process, in MiB; 0 where it has gone or nobody can tell. */
async function residentMiB(pid: number): Promise<number> {
  const status = readIfThere(`/proc/${pid}/status`);
  if (status !== undefined) return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  if (process.platform === 'win32' || process.platform === 'linux') return 0;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return Number(stdout.trim() || 0) / 1024;
}

/** Processes that Linux has killed for want of memory since it started; 0 elsewhere. */
export function systemOomKills(): number {
  return Number(/^oom_kill (\d+)/m.exec(readIfThere('/proc/vmstat') ?? '')?.[1] ?? 0);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
