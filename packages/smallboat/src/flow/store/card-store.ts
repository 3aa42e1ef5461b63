import { createHash } from 'node:crypto';
import { layoutOf } from './layout.ts';
import { type CardStore, type NewCard, type StoredCard, type TaskPath, runStoreErrors } from './run-store.ts';

/** What a store does with the files of its cards. Paths have `/` between their parts, and begin below `mf.cards`. */
export interface CardFiles {
  /** `write` has done its work when it returns, before its promise settles. Default false. */
  readonly isImmediate?: boolean;
  write(path: string, text: string): Promise<void>;
  read(path: string): Promise<string | undefined>;
  list(folder: string): Promise<readonly { readonly name: string; readonly bytes: number; readonly savedAt: number }[]>;
}

/** Cards in Metaflow's layout: `<flow>/runs/<run>/steps/<step>/tasks/<task>/cards/<type>[-<id>]-<hash>.html`, data beside it in `runtime`. */
export function cardStore(files: CardFiles): CardStore {
  const name = (task: TaskPath, { type = 'default', id }: Pick<NewCard, 'type' | 'id'>): string => {
    for (const part of id === undefined ? [type] : [type, id]) {
      if (!/^\w{1,128}$/.test(part)) throw runStoreErrors.STORE_NAME_INVALID({ what: 'card', name: part });
    }
    const kind = id === undefined ? type : `${type}-${id}`;
    // Metaflow takes any hexadecimal number. This one is known beforehand, so that a card replaces the one before.
    const hash = createHash('sha1')
      .update(`${folderOf(task)}/${kind}`)
      .digest('hex')
      .slice(0, 32);
    return `${kind}-${hash}`;
  };
  const pagePath = (task: TaskPath, card: Pick<NewCard, 'type' | 'id'>): string =>
    `${folderOf(task)}/cards/${name(task, card)}.html`;
  const dataPath = (task: TaskPath, card: Pick<NewCard, 'type' | 'id'>): string =>
    `${folderOf(task)}/runtime/${name(task, card)}.data.json`;
  return {
    isImmediate: files.isImmediate ?? false,
    async save(task, card) {
      const { html, data } = card;
      const writes = [
        ...(data === undefined ? [] : [files.write(dataPath(task, card), data)]),
        ...(html === undefined ? [] : [files.write(pagePath(task, card), html)]),
      ];
      await Promise.all(writes);
    },
    async list(task) {
      const found = await files.list(`${folderOf(task)}/cards`);
      return found
        .flatMap(({ name: file, bytes, savedAt }) => {
          const [, type = '', id, hash = ''] = /^(\w+)-(?:(\w+)-)?(\w+)\.html$/.exec(file) ?? [];
          if (type === '') return [];
          return [{ type, ...(id === undefined ? {} : { id }), hash, bytes, savedAt }];
        })
        .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    },
    html: async (task, card = {}) => files.read(pagePath(task, card)),
    data: async (task, card = {}) => files.read(dataPath(task, card)),
  };
}

/** Throws `STORE_NAME_INVALID`. */
function folderOf(path: TaskPath): string {
  layoutOf('').task(path);
  const { flow, run, step, task } = path;
  return `${flow}/runs/${run}/steps/${step}/tasks/${task}`;
}

function nameOf({ type, id = '' }: StoredCard): string {
  return `${type}-${id}`;
}
