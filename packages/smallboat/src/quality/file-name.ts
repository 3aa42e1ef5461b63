import { sha256 } from '../kernel/index.ts';

/** Letters of a name that a file's name keeps: the longest names of data and runs must not be too long for a file system. */
const LONGEST = 100;

/** A name fit for a file: no separators, no dots in front; another name gives another file. */
export function fileName(name: string): string {
  const plain = name
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^\.+/, '')
    .slice(0, LONGEST);
  return plain === name && plain !== '' ? plain : `${plain || 'data'}-${sha256(name).slice(0, 8)}`;
}
