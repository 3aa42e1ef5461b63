import { sha256 } from '../../../kernel/index.ts';

/** A chunk's name as esbuild makes it: from content and from paths, which differ from machine to machine. */
const NAME = /chunk-[A-Z0-9]{8}(?=\.js)/g;

/**
 * Names the chunks of a bundle by what they hold, less the names of other chunks. Names keep their length, so that source maps stay right.
 *
 * @param files Bytes by path; chunks are `run/chunk-XXXXXXXX.js`, each with its map.
 */
export function renameChunks(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const texts = new Map([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('utf8')]));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [path, text] of texts) {
    const [old] = path.match(NAME) ?? [];
    if (old === undefined || !path.endsWith('.js')) continue;
    let hash = sha256(text.replaceAll(NAME, ''));
    // Two that hold the same but for names: in the order in which they come.
    while (taken.has(hash.slice(0, 8))) hash = sha256(hash);
    taken.add(hash.slice(0, 8));
    names.set(old, `chunk-${hash.slice(0, 8).toUpperCase()}`);
  }
  const renamed = (text: string): string => text.replaceAll(NAME, (name) => names.get(name) ?? name);
  return new Map([...texts].map(([path, text]) => [renamed(path), Buffer.from(renamed(text))]));
}
