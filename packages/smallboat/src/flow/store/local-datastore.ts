import { mkdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { aside, mapAtMost } from '../../kernel/index.ts';
import { flush, readWhole, writePieces } from './blob-file.ts';
import type { Attributes, Content, Datastore, FileFacts, ListedFile, PutOptions } from './datastore.ts';
import { largeFiles } from './large-files.ts';
import { appendText, ifThere, ifThereNow, makeFile, namesIn, writeSmall, writeText, writing } from './store-file.ts';

/** Bytes below which a file is written at once rather than by another thread. */
const SMALL = 1 << 16;

/** The folder, made when something is first written, that Metaflow's local datastore is: the one named `.metaflow`. */
export function localDatastore(root: string): Datastore {
  const at = (path: string): string => join(root, path);

  const writeAttributes = (path: string, attributes: Attributes): void =>
    writeSmall(at(''), { [`${path}_meta`]: JSON.stringify(attributes) });

  async function put(
    path: string,
    content: Content,
    { isDurable = false, attributes }: PutOptions = {},
  ): Promise<void> {
    // First, since Python needs both once the file is there. Not flushed: we do without.
    if (attributes) writeAttributes(path, attributes);
    if (isDurable && typeof content === 'string') return writeText(at(path), content);
    const isSmall = typeof content === 'string' || content.reduce((sum, piece) => sum + piece.length, 0) < SMALL;
    if (isSmall) writeSmall(at(''), { [path]: content });
    else {
      mkdirSync(dirname(at(path)), { recursive: true });
      await writing(at(path), () => writePieces(at(path), content));
    }
    if (isDurable) await writing(at(path), () => flush(at(path)));
  }

  async function* walk(folder: string): AsyncIterable<ListedFile> {
    const entries = (await ifThere(readdir(at(folder), { withFileTypes: true }))) ?? [];
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* walk(path);
      else if (!entry.name.endsWith('_meta')) {
        // Blocks for 10 µs; there are many.
        const facts = statSync(at(path), { throwIfNoEntry: false });
        if (facts) yield { path, bytes: facts.size, changedAt: facts.mtimeMs };
      }
    }
  }

  return {
    kind: 'local',
    root,
    isRemote: false,
    large: largeFiles(at, writeAttributes),
    put,
    async putNew(path, content, { attributes } = {}) {
      if (attributes) writeAttributes(path, attributes);
      return makeFile(at(path), typeof content === 'string' ? content : Buffer.concat(content));
    },
    append: async (path, more) => appendText(at(path), more),
    get: (path) => ifThere(readWhole(at(path))),
    async stat(path): Promise<FileFacts | undefined> {
      const facts = statSync(at(path), { throwIfNoEntry: false });
      if (facts?.isFile() !== true) return undefined;
      const { size: bytes, mtimeMs: changedAt, ctimeMs, ino } = facts;
      return { bytes, changedAt, version: `${ino} ${bytes} ${changedAt} ${ctimeMs}` };
    },
    async attributes(path) {
      const text = await ifThere(readFile(at(`${path}_meta`), 'utf8'));
      return text === undefined ? undefined : asAttributes(text);
    },
    async settle(paths) {
      const there = await Promise.all(
        paths.map((path) => writing(at(path), () => ifThere(flush(at(path)).then(() => true)))),
      );
      return paths.filter((_, i) => there[i] === undefined);
    },
    async renew(path) {
      const now = new Date();
      const isThere = ifThereNow(() => {
        utimesSync(at(path), now, now);
        return true;
      });
      return isThere === true;
    },
    filesIn: (_, folders) => mapAtMost(folders, 64, (folder) => namesIn(at(folder))),
    async foldersIn(folder) {
      const entries = (await ifThere(readdir(at(folder), { withFileTypes: true }))) ?? [];
      return entries.flatMap((e) => (e.isDirectory() && e.name !== '_meta' && !e.name.startsWith('.') ? [e.name] : []));
    },
    walk,
    async remove(paths) {
      for (const path of paths) {
        await writing(at(path), async () => {
          await rm(at(path), { force: true });
          await rm(at(`${path}_meta`), { force: true });
        });
      }
    },
    async removeFolder(folder) {
      await writing(at(folder), async () => {
        // Gone at once for readers; what a kill leaves of it is swept up with the next.
        const going = join(root, '.gone');
        mkdirSync(going, { recursive: true });
        ifThereNow(() => renameSync(at(folder), aside(join(going, 'folder'))));
        await rm(going, { recursive: true, force: true });
      });
    },
    async [Symbol.asyncDispose]() {
      // Nothing is held open between calls.
    },
  };
}

/** What stands in an attributes file; undefined if it is damaged. By hand: every worker reads one, and loading zod takes longer than all the rest. */
function asAttributes(text: string): Attributes | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
