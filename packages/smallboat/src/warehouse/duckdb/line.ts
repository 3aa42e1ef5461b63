import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isMissing, isProcessAlive, namesIn } from '../../kernel/index.ts';

/** A place in the line of processes that wait for a file. */
export interface Place extends AsyncDisposable {
  /** Whether nobody alive stands before it. */
  isFirst(): Promise<boolean>;
}

/** Those who wait for a file, each with an empty file in this folder, whose name says when it came and its process. */
const folderOf = (path: string): string => `${path}.line`;

/** Places that this process has taken so far: two of the same millisecond stay in order. */
let count = 0;

/** Whether somebody waits for a file. */
export async function isLine(path: string): Promise<boolean> {
  return (await waiting(path)).length > 0;
}

/** Stands in line for a file. Who comes first is first; a process that died is passed over. Dispose leaves the line. */
export async function standInLine(path: string): Promise<Place> {
  const folder = folderOf(path);
  const name = `${String(Date.now()).padStart(15, '0')}-${process.pid}-${String(count++).padStart(9, '0')}`;
  for (;;) {
    await mkdir(folder, { recursive: true });
    try {
      await writeFile(join(folder, name), '', { flag: 'wx' });
      break;
    } catch (error) {
      if (!isMissing(error)) throw error; // somebody left and took the empty folder away
    }
  }
  return {
    isFirst: async () => (await waiting(path))[0] === name,
    async [Symbol.asyncDispose]() {
      await rm(join(folder, name), { force: true });
      await rmdir(folder).catch((error: unknown) => {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code !== 'ENOTEMPTY' && code !== 'ENOENT' && code !== 'EEXIST') throw error; // others wait
      });
    },
  };
}

async function waiting(path: string): Promise<readonly string[]> {
  const folder = folderOf(path);
  const alive: string[] = [];
  for (const name of await namesIn(folder)) {
    const [, pid] = /^\d+-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    if (isProcessAlive(Number(pid))) alive.push(name);
    else await rm(join(folder, name), { force: true });
  }
  return alive;
}

/** A pause of a few milliseconds for the first in line, who tries, and of some more for the others, who only look. */
export async function pause(isFirst: boolean, signal?: AbortSignal): Promise<void> {
  await delay(
    isFirst ? 5 + Math.random() * 5 : 15 + Math.random() * 10,
    undefined,
    signal === undefined ? {} : { signal },
  );
}
