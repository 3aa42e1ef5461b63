import { createHash } from 'node:crypto';
import type { Datastore } from './datastore.ts';
import { taskPath } from './layout.ts';
import { type CardStore, type NewCard, type StoredCard, type TaskPath, runStoreErrors } from './run-store.ts';

/** Where Metaflow keeps cards, from the root of a datastore. */
const ROOT = 'mf.cards';

/**
 * The cards of a datastore, in Metaflow's layout: `mf.cards/<flow>/runs/<run>/steps/<step>/tasks/<task>/cards/<type>[-<id>]-<hash>.html`, and data beside
 * it in `runtime`.
 */
export function cardStore(datastore: Datastore): CardStore {
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
  const text = async (path: string): Promise<string | undefined> => {
    const bytes = await datastore.get(path);
    return bytes && Buffer.from(bytes).toString('utf8');
  };
  return {
    isImmediate: !datastore.isRemote,
    async save(task, card) {
      const { html, data } = card;
      const writes = [
        ...(data === undefined ? [] : [datastore.put(dataPath(task, card), data)]),
        ...(html === undefined ? [] : [datastore.put(pagePath(task, card), html)]),
      ];
      await Promise.all(writes);
    },
    async list(task) {
      const folder = `${folderOf(task)}/cards`;
      const [names = []] = await datastore.filesIn(folderOf(task), [folder]);
      const found = names.map(async (file): Promise<readonly StoredCard[]> => {
        const [, type = '', id, hash = ''] = /^(\w+)-(?:(\w+)-)?(\w+)\.html$/.exec(file) ?? [];
        const facts = type === '' ? undefined : await datastore.stat(`${folder}/${file}`);
        if (!facts) return [];
        return [{ type, ...(id === undefined ? {} : { id }), hash, bytes: facts.bytes, savedAt: facts.changedAt }];
      });
      return (await Promise.all(found)).flat().sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    },
    html: (task, card = {}) => text(pagePath(task, card)),
    data: (task, card = {}) => text(dataPath(task, card)),
  };
}

/** Throws `STORE_NAME_INVALID`. */
function folderOf(path: TaskPath): string {
  taskPath(path);
  const { flow, run, step, task } = path;
  return `${ROOT}/${flow}/runs/${run}/steps/${step}/tasks/${task}`;
}

function nameOf({ type, id = '' }: StoredCard): string {
  return `${type}-${id}`;
}
