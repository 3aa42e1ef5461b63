import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

/** What locks of this process have in common: one with its number and without that is of an earlier process, as in a container. */
const self = randomUUID();
/** The locks that this process holds or asks for. */
const held = new Set<string>();

/**
 * Takes a lock file that names this process, for work of which only one may run in a folder. A lock left behind by a
 * process that is gone is taken over. Released by dispose; a killed process needs nothing.
 *
 * @param what For the message: `The pipeline`. @throws ALREADY_RUNNING, FOLDER_NOT_WRITABLE
 */
export async function exclusive(path: string, what: string): Promise<AsyncDisposable> {
  const mine = aside(path);
  const id = `${self}/${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(mine, JSON.stringify({ pid: process.pid, since: new Date().toISOString(), id }));
  } catch (cause) {
    await rm(mine, { force: true }).catch(() => undefined); // a disk that is full may have made it, empty
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw exclusiveErrors.FOLDER_NOT_WRITABLE({ folder: dirname(resolve(path)), problem: cause.message }, { cause });
  }
  let isHeld = false;
  held.add(id); // before others can see it
  try {
    for (;;) {
      try {
        await link(mine, path); // fails if it is there: of two processes one gets it
        isHeld = true;
        return {
          [Symbol.asyncDispose]: async () => {
            await rm(path, { force: true });
            held.delete(id);
          },
        };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      const text = await textAt(path);
      if (text === undefined) continue;
      const holder = holderIn(text);
      const isOurs = holder?.id.startsWith(self) === true;
      if (isOurs && !held.has(holder.id)) continue; // it was let go just now
      if (isOurs || (holder !== undefined && holder.pid !== process.pid && isProcessAlive(holder.pid))) {
        throw exclusiveErrors.ALREADY_RUNNING({ what, pid: holder.pid, since: holder.since, path });
      }
      await takeAway(path, text);
    }
  } finally {
    if (!isHeld) held.delete(id);
    await rm(mine, { force: true });
  }
}

async function textAt(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

/** Undefined for what a power cut left. */
function holderIn(text: string): { readonly pid: number; readonly since: string; readonly id: string } | undefined {
  const [, pid, since = '', id = ''] = /"pid":(\d+),"since":"([^"]+)"(?:,"id":"([^"]+)")?/.exec(text) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), since, id };
}

/** Removes the lock that holds this text, and no other: meanwhile another process may have taken it over. */
async function takeAway(path: string, text: string): Promise<void> {
  const away = aside(path);
  try {
    await rename(path, away);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  if ((await textAt(away)) !== text) await link(away, path).catch(() => undefined);
  await rm(away, { force: true });
}
