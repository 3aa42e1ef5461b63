import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { TaskCard } from '../card/task-card.ts';
import type { Checkpoint, StepContext } from '../context.ts';
import { type S3Objects, objectsOfRun } from '../objects/objects.ts';
import { type ArtifactKey, type ArtifactKeys, type RunStore, pathspecOf } from '../store/run-store.ts';
import { LOOPBACK } from './gang-variables.ts';
import { type Job, type TaskProgress, taskName } from './job.ts';
import { FOLDER } from './record.ts';

/** What a context needs of the process that the body runs in. */
export interface ContextHost {
  readonly store: RunStore;
  readonly signal: AbortSignal;
  readonly user: string;
  readonly onProgress: (progress: TaskProgress) => void;
  readonly writeLog: (text: string) => void;
  readonly card: TaskCard;
}

/** What a body kept beside what it returns. */
interface Keeper {
  /** The pieces of its folders, as hidden artifacts of the attempt: so they live as long as it. */
  readonly pieces: () => ArtifactKeys;
}

/** The context of a task's body. Dispose of it when the body has ended. */
export function taskContext(job: Job, host: ContextHost): StepContext & Keeper & AsyncDisposable {
  const { path } = job;
  const step = taskName(job.step, job.index);
  const [origin] = job.origins ?? [];
  let temp: Promise<string> | undefined;
  const tempFolder = (): Promise<string> => (temp ??= mkdtemp(join(tmpdir(), `smallboat-${path.run}-`)));
  const pieces = new Set<ArtifactKey>();
  let objects: Promise<S3Objects> | undefined;
  return {
    flow: path.flow,
    runId: path.run,
    ...(origin === undefined ? {} : { originRunId: origin }),
    user: host.user,
    tags: job.tags,
    step,
    index: job.index,
    ...(job.gang ? { gang: { mainAddress: LOOPBACK, ...job.gang } } : {}),
    pathspec: pathspecOf(path),
    attempt: job.attempt,
    signal: host.signal,
    log: (message, fields = {}) => {
      const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${short(value)}`);
      host.writeLog(`${message}${facts.join('')}\n`);
    },
    progress: (fraction, message) =>
      host.onProgress({
        fraction: Math.min(1, Math.max(0, fraction)),
        ...(message === undefined ? {} : { message }),
      }),
    card: host.card,
    checkpoint: checkpointOf(job, step, host.store),
    tempFolder,
    saveFolder: async (from, metadata) => {
      const { keepFolder, piecesOf } = await import('../folder/keep-folder.ts');
      const ref = await keepFolder(from, { store: host.store, flow: path.flow, ...(metadata ? { metadata } : {}) });
      for (const key of piecesOf(ref)) {
        // Until the attempt has ended well, and for those that do not: a checkpoint may name it.
        if (!pieces.has(key)) await host.store.saveCheckpoint(path, `piece ${key}`, key);
        pieces.add(key);
      }
      return ref;
    },
    loadFolder: async (ref, into) => {
      const { fetchFolder } = await import('../folder/keep-folder.ts');
      const folder = into ?? (await mkdtemp(join(await tempFolder(), 'folder-')));
      await fetchFolder(ref, folder, host.store);
      return folder;
    },
    pieces: () => Object.fromEntries([...pieces].map((key, i) => [`${FOLDER}${i}`, key])),
    s3: () => (objects ??= objectsOfRun(host.store, path)),
    async [Symbol.asyncDispose]() {
      // One that could not be opened has said so to the body.
      await objects?.then((opened) => opened[Symbol.asyncDispose]()).catch(() => undefined);
      if (temp) await rm(await temp, { recursive: true, force: true });
    },
  };
}

function checkpointOf({ path: { flow, run }, origins = [] }: Job, name: string, store: RunStore): Checkpoint {
  return {
    save: async (value) => store.saveCheckpoint({ flow, run }, name, await store.save(flow, value)),
    load: async () => {
      for (const at of [run, ...origins]) {
        const key = await store.checkpoint({ flow, run: at }, name);
        if (key) return store.load(flow, key);
      }
      return undefined;
    },
  };
}

function short(value: unknown): string {
  // Six digits are enough for a reader; an artifact keeps them all.
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return typeof value === 'string' && !/\s/.test(value)
    ? value
    : inspect(value, { breakLength: Infinity, maxStringLength: 200 });
}
