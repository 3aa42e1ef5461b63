import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { aside } from '../../kernel/index.ts';
import { cardStore } from './card-store.ts';
import type { CardStore } from './run-store.ts';
import { exists, ifThere, namesIn, writing } from './store-file.ts';

/**
 * The cards of a local store, in `<root>/mf.cards`. Written at once, without another thread: a body that computes without a pause can have its card on
 * the disk meanwhile.
 */
export function localCards(root: string): CardStore {
  const folder = join(root, 'mf.cards');
  return cardStore({
    isImmediate: true,
    write: (path, text) =>
      writing(join(folder, path), async () => {
        const target = join(folder, path);
        if (!exists(dirname(target))) mkdirSync(dirname(target), { recursive: true });
        // Not beside the card: Metaflow's client takes everything there for a card.
        const part = join(dirname(target), '..', basename(aside(target)));
        try {
          writeFileSync(part, text, { flag: 'wx' });
          renameSync(part, target);
        } catch (error) {
          rmSync(part, { force: true });
          throw error;
        }
      }),
    read: (path) => ifThere(readFile(join(folder, path), 'utf8')),
    async list(path) {
      const names = await namesIn(join(folder, path));
      const found = names.map(async (name) => {
        const facts = await ifThere(stat(join(folder, path, name)));
        return facts ? [{ name, bytes: facts.size, savedAt: facts.mtimeMs }] : [];
      });
      return (await Promise.all(found)).flat();
    },
  });
}
