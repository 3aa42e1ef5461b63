import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { writing } from './store-file.ts';

/**
 * Takes the first free number from `from` on, by a file of that name in `folder`: no other process gets the same. The
 * file holds `note`, for people.
 */
export async function claimNumber(folder: string, from: number, note: string): Promise<number> {
  return writing(folder, async () => {
    await mkdir(folder, { recursive: true });
    for (let number = from; ; number += 1) {
      if (await isClaimed(join(folder, String(number)), note)) return number;
    }
  });
}

/** False if the file is there already: somebody else was first. */
async function isClaimed(path: string, note: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.write(note);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
