import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defineErrors } from './errors.ts';
import { isMissing } from './files.ts';

export const exclusiveErrors = defineErrors({
  ALREADY_RUNNING: (f: { what: string; pid: number; since: string; path: string }) =>
    `${f.what} is already running here: process ${f.pid}, since ${f.since}. Wait for it or stop it (${f.path} names it), or use another folder with --home.`,
});

/**
 * Takes a lock file that names this process, for work of which only one may run in a folder. A lock left behind by a
 * process that is gone is taken over. Released by dispose; a killed process needs nothing.
 *
 * @param what For the message: `The pipeline`. @throws ALREADY_RUNNING
 */
export async function exclusive(path: string, what: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
  try {
    for (;;) {
      try {
        await link(mine, path); // fails if it is there: of two processes one gets it
        return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      const holder = await holderOf(path);
      if (holder !== undefined && isAlive(holder.pid)) throw exclusiveErrors.ALREADY_RUNNING({ what, ...holder, path });
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

/** Signal 0 asks only whether the process is there; EPERM says that it is, and another's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
