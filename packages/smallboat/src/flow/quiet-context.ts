import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deck } from './card/deck.ts';
import type { StepContext } from './context.ts';
import { objectsOfRun } from './objects/objects.ts';

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
    s3: () => objectsOfRun({ location: 'no store' }, { flow: 'none', run: 'none' }),
  };
}
