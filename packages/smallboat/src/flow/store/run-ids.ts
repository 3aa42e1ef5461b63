import { join } from 'node:path';
import { makeFile } from './store-file.ts';

/**
 * Takes the first free number from `from` on, by a file of that name in `folder`: no other process gets the same. The
 * file holds `note`, for people. Throws `STORE_WRITE_FAILED`.
 */
export function claimNumber(folder: string, from: number, note: string): number {
  let number = from;
  while (!makeFile(join(folder, String(number)), note)) number += 1;
  return number;
}
