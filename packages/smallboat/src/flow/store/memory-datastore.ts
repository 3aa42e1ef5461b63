import { createHash } from 'node:crypto';
import type { Attributes, Content, Datastore, FileFacts } from './datastore.ts';

interface File {
  readonly bytes: Buffer;
  readonly changedAt: number;
  readonly attributes?: Attributes;
}

/** A datastore that lives and dies with this process. */
export function memoryDatastore(clock: () => number): Datastore {
  const files = new Map<string, File>();
  const factsOf = ({ bytes, changedAt, attributes }: File): FileFacts => ({
    bytes: bytes.length,
    changedAt,
    md5: createHash('md5').update(bytes).digest('hex'),
    ...(attributes ? { attributes } : {}),
  });
  const below = (folder: string): string[] => [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  const put = (path: string, content: Content, attributes?: Attributes): void => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.concat(content);
    files.set(path, { bytes, changedAt: clock(), ...(attributes ? { attributes } : {}) });
  };
  return {
    kind: 'memory',
    root: 'memory',
    isRemote: false,
    async put(path, content, { attributes } = {}) {
      put(path, content, attributes);
    },
    async putNew(path, content, { attributes } = {}) {
      if (files.has(path)) return false;
      put(path, content, attributes);
      return true;
    },
    async append(path, more) {
      const text = files.get(path)?.bytes.toString('utf8') ?? '';
      put(path, text + more(text));
    },
    async get(path) {
      const file = files.get(path);
      return file && new Uint8Array(file.bytes);
    },
    async stat(path) {
      const file = files.get(path);
      return file && factsOf(file);
    },
    attributes: async (path) => files.get(path)?.attributes,
    settle: async (paths) => paths.filter((path) => !files.has(path)),
    async renew(path) {
      const file = files.get(path);
      if (file) files.set(path, { ...file, changedAt: clock() });
      return file !== undefined;
    },
    async filesIn(_, folders) {
      return folders.map((folder) =>
        below(folder)
          .map((path) => path.slice(folder.length + 1))
          .filter((name) => !name.includes('/')),
      );
    },
    async foldersIn(folder) {
      const names = below(folder).map((path) => path.slice(folder.length + 1).split('/'));
      return [...new Set(names.flatMap(([name = '', ...rest]) => (rest.length > 0 && name !== '_meta' ? [name] : [])))];
    },
    async *walk(folder) {
      for (const path of below(folder)) {
        const file = files.get(path);
        if (file) yield { path, ...factsOf(file) };
      }
    },
    async remove(paths) {
      for (const path of paths) files.delete(path);
    },
    async removeFolder(folder) {
      for (const path of below(folder)) files.delete(path);
    },
    async [Symbol.asyncDispose]() {
      // It goes with the process.
    },
  };
}
