import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

const BLOCK = 512;

/**
 * Unpacks a `.tar.gz` into a folder, without the folder that all of it is in.
 *
 * @throws Error where the archive is broken or leads out of the folder.
 */
export async function untar(archive: Uint8Array, folder: string): Promise<void> {
  const bytes = gunzipSync(archive);
  let at = 0;
  let longName: string | undefined;
  while (at + BLOCK <= bytes.length) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(textIn(header, 124, 12) || '0', 8);
    if (Number.isNaN(size)) throw new Error('the archive is broken');
    const kind = String.fromCharCode(header[156] ?? 0);
    const body = bytes.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === 'L') longName = textIn(body, 0, body.length);
    else if (kind === 'x') longName = paxPath(body) ?? longName;
    else if (kind !== 'g') {
      const prefix = textIn(header, 345, 155);
      const short = textIn(header, 0, 100);
      const name = longName ?? (prefix === '' ? short : `${prefix}/${short}`);
      longName = undefined;
      await place({ name, kind, body, link: textIn(header, 157, 100) }, folder);
    }
  }
}

interface TarEntry {
  readonly name: string;
  readonly kind: string;
  readonly body: Uint8Array;
  readonly link: string;
}

async function place({ name, kind, body, link }: TarEntry, folder: string): Promise<void> {
  const inside = name.split('/').slice(1).join('/');
  if (inside === '') return;
  const path = resolve(folder, inside);
  if (leavesFolder(folder, path)) throw new Error(`the archive leads out of its folder: ${name}`);
  if (kind === '5') {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  if (kind === '0' || kind === '\0') await writeFile(path, body);
  else if (kind === '2' && !leavesFolder(folder, join(dirname(path), link))) await symlink(link, path);
}

function leavesFolder(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside.startsWith('..') || inside.startsWith('/');
}

function textIn(bytes: Uint8Array, from: number, length: number): string {
  const part = bytes.subarray(from, from + length);
  const end = part.indexOf(0);
  return new TextDecoder().decode(end === -1 ? part : part.subarray(0, end)).trim();
}

function paxPath(body: Uint8Array): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(new TextDecoder().decode(body))?.[1];
}
