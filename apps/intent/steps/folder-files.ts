import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { isMissing } from 'smallboat/kernel';

/** A small folder as an artifact: its files by their path in it, with `/`. */
export type FolderFiles = Readonly<Record<string, Uint8Array>>;

/** Reads the files of a folder, but for locks; none where it is not there. */
export async function readFolder(folder: string): Promise<FolderFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const read = paths.map(async (path) => {
    // Without the pool that Node keeps small buffers in: an artifact is these bytes and no others.
    const bytes = Uint8Array.from(await readFile(path));
    return [relative(folder, path).split(sep).join('/'), bytes] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** Writes the files into a folder, which is made; what else is there stays. @throws RangeError for a path that leads out of it. */
export async function writeFolder(folder: string, files: FolderFiles): Promise<void> {
  const root = resolve(folder);
  await mkdir(root, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    const path = resolve(root, name);
    if (!path.startsWith(`${root}${sep}`)) throw new RangeError(`${name} leads out of the folder.`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}
