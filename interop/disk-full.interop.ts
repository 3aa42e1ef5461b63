import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shop } from '../apps/intent/pipeline.testing.ts';
import {
  aFolder,
  aShop,
  bareStart,
  leftovers,
  rawRows,
  removeFolders,
  start,
} from '../apps/intent/pipeline.testing.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await aShop();
});
afterAll(removeFolders);

/** Why no small disk can be made here; empty where one can. */
const noDisk = ((): string => {
  if (process.getuid?.() !== 0) return 'mounting a small disk needs root';
  try {
    const probe = mkdtempSync(join(tmpdir(), 'smallboat-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', probe], { stdio: 'pipe' });
    execFileSync('umount', [probe]);
    rmdirSync(probe);
    return '';
  } catch (error) {
    return `no disk can be mounted here: ${String(error)}`;
  }
})();

describe.concurrent('npm start on a disk that is full', () => {
  it.skipIf(noDisk !== '').each(['1M', '3M'])(
    `of %s, says so, and goes on when there is room ${noDisk}`,
    async (size) => {
      const disk = await aFolder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', disk]);
      try {
        const small = join(disk, 'home');
        await mkdir(small);
        const { code, out, err } = await start(['--data', shop.folder, '--home', small]).ended;
        expect({ code, out }, err).toEqual({ code: 1, out: '' });
        expect(err).toMatch(/WAREHOUSE_FULL|STORE_WRITE_FAILED/);
        expect(err).toMatch(/[Nn]o (?:space|room) left/);
        expect(err).not.toMatch(/^\s+at /m);
        expect((await leftovers(small)).filter((name) => !name.endsWith('.wal'))).toEqual([]);
        execFileSync('mount', ['-o', 'remount,size=64M', disk]);
        const again = await bareStart(['--resume', '--home', small]).ended;
        expect(again.code, again.err).toBe(0);
        expect(await rawRows(small)).toEqual({
          browsing_train_raw: 3000,
          search_train_raw: 66,
          sku_to_content_raw: 602,
          _ingested_files: 3,
        });
      } finally {
        execFileSync('umount', [disk]);
      }
    },
  );
});
