import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exclusive, exclusiveErrors } from '../../kernel/index.ts';
import { runPath } from './layout.ts';
import { type LocalSelf, parseSelf } from './local-self.ts';
import { runStoreErrors } from './run-store.ts';
import type { RunPath, TagChange } from './run-store.ts';
import { seal } from './seal.ts';
import { ifThere, writeText } from './store-file.ts';
import { changedTags } from './tags.ts';

/** How long a change waits for another to end, in milliseconds, and how long between looking. */
const PATIENCE = 10_000;
const PAUSE = 10;

/**
 * Changes the tags in a run's `_self.json`. One change at a time, so that of two both are there afterwards; Metaflow's own client, which
 * knows no lock, looks afterwards whether its change is there, and tries again.
 */
export async function changeLocalTags(root: string, run: RunPath, change: TagChange): Promise<readonly string[]> {
  const meta = join(root, runPath(run), '_meta');
  const path = join(meta, '_self.json');
  const read = async (): Promise<LocalSelf> => {
    const text = await ifThere(readFile(path, 'utf8'));
    if (text === undefined) throw runStoreErrors.RUN_NOT_FOUND({ ...run, location: root });
    return parseSelf(text, path);
  };
  await read();
  await using _ = await alone(join(meta, 'tags.lock'));
  const { sum: _sum, ...self } = await read();
  const tags = changedTags({ tags: self.tags, systemTags: self.system_tags }, change);
  if (tags.length !== self.tags.length || tags.some((tag, i) => tag !== self.tags[i])) {
    await writeText(path, seal({ ...self, tags }));
  }
  return tags;
}

async function alone(path: string): Promise<AsyncDisposable> {
  for (let waited = 0; ; waited += PAUSE) {
    try {
      return await exclusive(path, 'A change of tags');
    } catch (error) {
      if (!exclusiveErrors.ALREADY_RUNNING.is(error) || waited >= PATIENCE) throw error;
      await delay(PAUSE);
    }
  }
}
