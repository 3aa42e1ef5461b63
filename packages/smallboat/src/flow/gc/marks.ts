import { decodePickle } from '../store/pickle-decode.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Datastore } from '../store/datastore.ts';
import { blobsPath, flowPath } from '../store/layout.ts';
import type { ArtifactKey } from '../store/run-store.ts';
import { mapAtMost } from '../../kernel/index.ts';

/** Files of runs that name no blobs, and logs. All others are read, those that we do not know too: better a blob too many. */
const SILENT =
  /\.log$|\.(?:attempt\.json|DONE\.lock|runtime|task_end|part)$|\/_meta\/(?:_self\.json|heartbeat|tasks\/|tags\.lock|\d+_artifact_|sysmeta_(?!code-package))|\/latest_run$/;

const KEY = /\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/g;

/** Keys of blobs that something names. */
export interface Marks {
  readonly keys: Set<string>;
  /** Files that have been asked, as they were then: those that have not changed are not asked again. */
  readonly asked: Map<string, string>;
}

/**
 * Adds the keys that the runs of a flow name, whoever made them.
 *
 * @param without Runs that are not asked.
 */
export async function markNamed(
  datastore: Datastore,
  flow: string,
  marks: Marks,
  without: ReadonlySet<string> = new Set(),
): Promise<void> {
  const names = await datastore.foldersIn(flowPath(flow));
  const runs = names.filter((name) => name !== 'data' && !without.has(name));
  for (const run of runs) await markFolder(datastore, `${flowPath(flow)}/${run}`, marks);
}

async function markFolder(datastore: Datastore, folder: string, { keys, asked }: Marks): Promise<void> {
  const telling: string[] = [];
  for await (const { path, changedAt, bytes, md5 = '' } of datastore.walk(folder)) {
    const now = `${changedAt} ${bytes} ${md5}`;
    if (SILENT.test(path) || asked.get(path) === now) continue;
    telling.push(path);
    asked.set(path, now);
  }
  await mapAtMost(telling, 32, async (path) => {
    const bytes = await datastore.get(path);
    for (const [key] of Buffer.from(bytes ?? [])
      .toString('utf8')
      .matchAll(KEY))
      keys.add(key);
  });
}

/**
 * What a flow remembers for later runs is kept as long as all that it names is. Gives the files of those that are to be forgotten, and marks
 * the rest.
 */
export async function markRemembered(
  { datastore, blobs }: { readonly datastore: Datastore; readonly blobs: Blobs },
  flow: string,
  marks: Marks,
): Promise<readonly string[]> {
  const gone: string[] = [];
  for await (const { path } of datastore.walk(`${flowPath(flow)}/_meta/kept`)) {
    const bytes = await datastore.get(path);
    const [key] =
      Buffer.from(bytes ?? [])
        .toString('utf8')
        .match(KEY) ?? [];
    const named = key === undefined ? undefined : await keysInBlob(blobs, flow, key as ArtifactKey); // Written by `remember`.
    if (key === undefined || !named?.every((each) => marks.keys.has(each))) gone.push(path);
    else marks.keys.add(key);
  }
  return gone;
}

async function keysInBlob(blobs: Blobs, flow: string, key: ArtifactKey): Promise<readonly string[] | undefined> {
  if (!(await blobs.has(flow, key))) return undefined;
  return JSON.stringify(decodePickle(await blobs.load(flow, key))).match(KEY) ?? [];
}

export interface Unnamed {
  readonly key: string;
  readonly path: string;
  readonly bytes: number;
}

/** Blobs of a flow that are not marked and have not been written or renewed since a time. */
export async function unnamedBlobs(
  datastore: Datastore,
  flow: string,
  { marks, before }: { readonly marks: Marks; readonly before: number },
): Promise<readonly Unnamed[]> {
  const found: Unnamed[] = [];
  for await (const { path, bytes, changedAt } of datastore.walk(blobsPath(flow))) {
    const key = path.slice(path.lastIndexOf('/') + 1);
    // What a killed process left beside its blob is litter.
    const isOurs = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(key) || key.endsWith('.part');
    if (isOurs && !marks.keys.has(key) && changedAt < before) found.push({ key, path, bytes });
  }
  return found;
}
