import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deck } from './card/deck.ts';
import type { StepContext } from './context.ts';
import type { RunStore } from './store/run-store.ts';
import { objectsOfRun } from './objects/objects.ts';

/** Folders that bodies keep go from one to another in a test. */
let folders: RunStore | undefined;
const aStore = async (): Promise<RunStore> => (await import('./store-in-memory.ts')).inMemoryRunStore();

/** The context of a body that runs by itself, as in a test: what it says goes nowhere. */
export function quietContext(step: string): StepContext {
  let kept: unknown;
  return {
    flow: 'none',
    runId: 'none',
    user: 'none',
    tags: [],
    step,
    index: [],
    pathspec: `none/none/${step}/0`,
    attempt: 0,
    signal: new AbortController().signal,
    log: () => undefined,
    progress: () => undefined,
    card: deck().card,
    checkpoint: {
      save: async (value) => {
        kept = value;
      },
      load: async () => kept,
    },
    tempFolder: () => mkdtemp(join(tmpdir(), 'smallboat-step-')),
    saveFolder: async (path, metadata) => {
      const { keepFolder } = await import('./folder/keep-folder.ts');
      return keepFolder(path, { store: (folders ??= await aStore()), flow: 'none', ...(metadata ? { metadata } : {}) });
    },
    loadFolder: async (ref, into) => {
      const { fetchFolder } = await import('./folder/keep-folder.ts');
      const folder = into ?? (await mkdtemp(join(tmpdir(), 'smallboat-folder-')));
      await fetchFolder(ref, folder, (folders ??= await aStore()));
      return folder;
    },
    s3: () => objectsOfRun({ location: 'no store' }, { flow: 'none', run: 'none' }),
  };
}
