import { createHash } from 'node:crypto';
import { layoutOf } from './layout.ts';
import { type TaskPath, runStoreErrors } from './run-store.ts';

/** A card as it lies in a store. */
export interface StoredCard {
  /** Metaflow's kind of card. Ours are `default`. */
  readonly type: string;
  /** Tells apart several cards of a task: the card of a whole run is the card `run` of its task `start`. */
  readonly id?: string;
  /** What Metaflow's client calls its hash: the same for every writing of this card. */
  readonly hash: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

export interface NewCard {
  /** Letters, digits and `_`. Default `default`. */
  readonly type?: string;
  readonly id?: string;
  /** The page, in place of the one before. */
  readonly html?: string;
  /** What a page is made of while its task runs: JSON, in place of what was there before. */
  readonly data?: string;
}

/**
 * Where a store keeps the pages of tasks: where Metaflow's client, command line and UI look for them (`mf.cards`). They are for readers: a page may be
 * written again and again while its task runs, and may be lost with the power.
 */
export interface CardStore {
  /** What is saved is there when `save` returns, before its promise settles: so it is on this machine. */
  readonly isImmediate: boolean;
  /** A reader sees the card before or the new one, each whole. */
  save(task: TaskPath, card: NewCard): Promise<void>;
  /** Cards of a task that have a page, in the order of their names. */
  list(task: TaskPath): Promise<readonly StoredCard[]>;
  /** The page of a card; undefined where there is none. */
  html(task: TaskPath, card?: Pick<NewCard, 'type' | 'id'>): Promise<string | undefined>;
  /** The data of a card; undefined where there is none. */
  data(task: TaskPath, card?: Pick<NewCard, 'type' | 'id'>): Promise<string | undefined>;
}

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
