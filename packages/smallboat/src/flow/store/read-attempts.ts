import * as z from 'zod';
import { mapAtMost } from '../../kernel/index.ts';
import type { Blobs } from './blobs.ts';
import type { Datastore } from './datastore.ts';
import { attemptPath, runPath, taskPath } from './layout.ts';
import type { TaskStub } from './metadata.ts';
import { decodePickle } from './pickle-decode.ts';
import type { ArtifactKey, ArtifactKeys, EndedAttempt, RunPath, TaskInfo, TaskPath } from './run-store.ts';
import { parseStored, storeFileErrors } from './store-file.ts';

/** The keys of the pickles of True, False and None, which are the same from Python and from here. */
export const KEY_OF = {
  true: '868436778cb011a1c6230bc12534683ab0b7f1c3',
  none: 'dbc1aaddc8b7343d6d33b34edcf608b8f8801918',
} as const;

/** Artifacts that Metaflow keeps for itself in every task. `_exception` is one only where it is None, and `name` where it is the flow's. */
const HIDDEN: ReadonlySet<string> = new Set([
  '_configs_processed',
  '_current_step',
  '_foreach_num_splits',
  '_foreach_stack',
  '_foreach_values',
  '_foreach_var',
  '_graph_info',
  '_iteration_stack',
  '_success',
  '_task_ok',
  '_transition',
]);

const Data = z.looseObject({
  objects: z.record(
    z.string(),
    z.string().transform((key) => key as ArtifactKey),
  ),
  begun_at: z.number().optional(),
  ended_at: z.number().optional(),
});

/** Seconds become milliseconds. */
const Begun = z.looseObject({ time: z.number().transform((seconds) => Math.round(seconds * 1000)) });

export interface AttemptReading {
  readonly datastore: Datastore;
  readonly blobs: Blobs;
  /** Key of the flow's name, as Metaflow keeps it in every task. */
  readonly nameKey: ArtifactKey;
}

/** What the attempts of a run's tasks came to. Rejects with `STORE_FILE_DAMAGED`. */
export async function readTasks(
  run: RunPath,
  stubs: readonly TaskStub[],
  from: AttemptReading,
): Promise<readonly TaskInfo[]> {
  const folders = stubs.map(({ path }) => taskPath(path));
  const names = await from.datastore.filesIn(runPath(run), folders);
  return mapAtMost(stubs, 64, (stub, i) => readTask(stub, names[i] ?? [], from));
}

/** What the attempts of one task came to, by the names of its files. */
export async function readTask(
  { path, createdAt }: TaskStub,
  names: readonly string[],
  from: AttemptReading,
): Promise<TaskInfo> {
  const numbers = (suffix: string): readonly number[] =>
    names.flatMap((name) =>
      name.endsWith(suffix) && /^\d+$/.test(name.slice(0, -suffix.length)) ? [Number.parseInt(name, 10)] : [],
    );
  const ended = Math.max(-1, ...numbers('.DONE.lock'));
  return {
    path,
    createdAt,
    attemptsBegun: numbers('.attempt.json').length,
    ...(ended < 0 ? {} : { ended: await readEnd(path, ended, from) }),
  };
}

async function readEnd(path: TaskPath, attempt: number, from: AttemptReading): Promise<EndedAttempt> {
  const { datastore, blobs } = from;
  const file = (name: string): string => attemptPath(path, attempt, name);
  const read = async <S extends z.ZodType>(name: string, schema: S): Promise<z.infer<S> | undefined> => {
    const bytes = await datastore.get(file(name));
    return bytes && parseStored(Buffer.from(bytes).toString('utf8'), `${datastore.root}/${file(name)}`, schema);
  };
  const data = await read('data.json', Data);
  if (data === undefined) {
    throw storeFileErrors.STORE_FILE_DAMAGED({
      path: `${datastore.root}/${file('data.json')}`,
      problem: 'it is missing',
    });
  }
  const endedAt = data.ended_at ?? (await datastore.stat(file('DONE.lock')))?.changedAt ?? 0;
  const begun = data.begun_at ?? (await read('attempt.json', Begun))?.time;
  const { _success: success } = data.objects;
  const isInternal = ([name, key]: readonly [string, string]): boolean =>
    HIDDEN.has(name) || (name === '_exception' && key === KEY_OF.none) || (name === 'name' && key === from.nameKey);
  const entries = Object.entries(data.objects);
  return {
    attempt,
    hasSucceeded: success === KEY_OF.true || (success !== undefined && (await isTrue(blobs, path.flow, success))),
    artifacts: Object.fromEntries(entries.filter((entry) => !isInternal(entry))),
    internals: Object.fromEntries(entries.filter(isInternal)),
    startedAt: begun ?? endedAt,
    endedAt: Math.round(endedAt),
  } satisfies EndedAttempt & { readonly artifacts: ArtifactKeys };
}

async function isTrue(blobs: Blobs, flow: string, key: ArtifactKey): Promise<boolean> {
  return decodePickle(await blobs.load(flow, key)) === true;
}

const Kept = z.looseObject({ key: z.string().transform((key) => key as ArtifactKey) });

/** The key in a note, of a checkpoint or of what a flow remembers. Throws `STORE_FILE_DAMAGED`. */
export function parseKept(text: string, path: string): ArtifactKey {
  return parseStored(text, path, Kept).key;
}
