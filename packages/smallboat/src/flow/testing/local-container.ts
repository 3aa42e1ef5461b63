import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface LocalContainerOptions {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What its processes may take together, in MiB; above it all are killed. */
  readonly memoryMiB?: number;
  readonly onLog: (text: string) => void;
}

/** A container that is a process group on this machine: it begins in an empty folder, and sees nothing of our environment. */
export interface LocalContainer {
  /** Settles when its first process has ended and its output is all there. */
  readonly ended: Promise<LocalContainerEnd>;
  readonly folder: string;
  /** SIGTERM to its first process; SIGKILL to all after `graceMilliseconds`. */
  stop(graceMilliseconds: number): void;
  /** SIGKILL to all of it at once. */
  kill(): void;
}

export interface LocalContainerEnd {
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
}

/** Runs a command as a service of containers would: for tests, where there is no such service. */
export function localContainer({ command, environment, memoryMiB, onLog }: LocalContainerOptions): LocalContainer {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-container-'));
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder, TMPDIR: folder, ...environment },
  });
  const { pid = 0 } = child;
  let isOutOfMemory = false;
  const kill = (): void => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // It has gone already.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onLog);
  const watch =
    memoryMiB === undefined
      ? undefined
      : setInterval(() => {
          if (memoryOf(pid) <= memoryMiB) return;
          isOutOfMemory = true;
          kill();
        }, 20);
  const { promise: ended, resolve } = Promise.withResolvers<LocalContainerEnd>();
  child.on('error', (error) => {
    onLog(`${error.message}\n`);
    resolve({ exitCode: 127, isOutOfMemory });
  });
  child.on('close', (code, signal) => {
    clearInterval(watch);
    // What it left behind goes with it, as in a container.
    kill();
    rmSync(folder, { recursive: true, force: true });
    resolve({ exitCode: code ?? (signal === 'SIGTERM' ? 143 : 137), isOutOfMemory });
  });
  return {
    ended,
    folder,
    stop(graceMilliseconds) {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, graceMilliseconds);
      void ended.then(() => clearTimeout(timer));
    },
    kill,
  };
}

/** Resident memory of all processes of a group, in MiB. Linux only: elsewhere 0. */
function memoryOf(group: number): number {
  let sum = 0;
  for (const pid of safely(() => readdirSync('/proc').filter((name) => /^\d+$/.test(name)), [])) {
    const stat = safely(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[2]) === group) sum += Number(fields[21]) * 4096;
  }
  return sum / 2 ** 20;
}

/** A process may go while it is looked at. */
function safely<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return otherwise;
    throw error;
  }
}
