import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { aside } from './aside.ts';
import { defineErrors } from './errors.ts';
import { isMissing } from './files.ts';
import { isProcessAlive } from './process-alive.ts';

export const exclusiveErrors = defineErrors({
  ALREADY_RUNNING: (f: { what: string; pid: number; since: string; path: string }) =>
    `${f.what} is already running here: process ${f.pid}, since ${f.since}. Wait for it or stop it (${f.path} names it), or use another folder with --home.`,
  FOLDER_NOT_WRITABLE: (f: { folder: string; problem: string }) =>
    `Nothing can be written in ${f.folder}: ${f.problem}. Make room or give access there, or take another folder.`,
});

/** Locks that this process holds: one with its number that is not among them is of an earlier process, as in a container. */
const held = new Set<string>();

/**
 * Takes a lock file that names this process, for work of which only one may run in a folder. A lock left behind by a
 * process that is gone is taken over. Released by dispose; a killed process needs nothing.
 *
 * @param what For the message: `The pipeline`. @throws ALREADY_RUNNING, FOLDER_NOT_WRITABLE
 */
export async function exclusive(path: string, what: string): Promise<AsyncDisposable> {
  const place = resolve(path);
  const mine = aside(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(mine, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
  } catch (cause) {
    await rm(mine, { force: true }).catch(() => undefined); // a disk that is full may have made it, empty
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw exclusiveErrors.FOLDER_NOT_WRITABLE({ folder: dirname(place), problem: cause.message }, { cause });
  }
  try {
    for (;;) {
      try {
        await link(mine, path); // fails if it is there: of two processes one gets it
        held.add(place);
        return {
          [Symbol.asyncDispose]: async () => {
            await rm(path, { force: true });
            held.delete(place);
          },
        };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      const holder = await holderOf(path);
      const isOurs = holder?.pid === process.pid;
      if (holder !== undefined && (isOurs ? held.has(place) : isProcessAlive(holder.pid)))
        throw exclusiveErrors.ALREADY_RUNNING({ what, ...holder, path });
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function holderOf(path: string): Promise<{ readonly pid: number; readonly since: string } | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  const [, pid, since = ''] = /"pid":(\d+),"since":"([^"]+)"/.exec(text) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), since };
}
