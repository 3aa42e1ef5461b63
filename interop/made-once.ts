import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const sleep = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Fills a folder unless that was done before; a second process that asks meanwhile waits for the first. */
export function madeOnce(folder: string, make: () => void): void {
  const ready = join(folder, 'ready');
  const lock = `${folder}.lock`;
  mkdirSync(dirname(folder), { recursive: true });
  while (!existsSync(ready)) {
    try {
      mkdirSync(lock);
    } catch {
      const owner = statSync(lock, { throwIfNoEntry: false });
      // A build that died leaves its lock: a quarter of an hour is longer than any build takes.
      if (owner && Date.now() - owner.mtimeMs > 900_000) rmSync(lock, { recursive: true, force: true });
      sleep(500);
      continue;
    }
    try {
      if (existsSync(ready)) break;
      rmSync(folder, { recursive: true, force: true });
      make();
      writeFileSync(ready, '');
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}
