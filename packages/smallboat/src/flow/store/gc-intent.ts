import { setTimeout as delay } from 'node:timers/promises';
import type { Datastore } from './datastore.ts';
import { flowNotePath } from './layout.ts';
import type { ArtifactKey } from './run-store.ts';

/*
 * Blobs that nothing names are deleted while other processes save and name them. So that none is deleted that is named:
 *
 * 1. A blob that is younger than an hour is not deleted (`UNNAMED_FOR`), and who saves a blob that is there and old makes it young. So a
 *    blob is safe for half an hour after it was saved, by whomever.
 * 2. Who deletes first writes down what (the intent), then looks once more whether anything names it, and only then deletes.
 * 3. Who names a blob that it has not saved lately (a task that is taken over from another run) writes first `data.json`, which names it;
 *    then looks for an intent, and waits while one has the blob; then whether the blob is there; and only then ends the attempt.
 *
 * Whichever of 2 and 3 writes first is seen by the other.
 */

/** What is about to be deleted in a flow. */
export interface GcIntent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly keys: readonly string[];
}

/** Milliseconds after which an intent holds no longer: who wrote it has stopped deleting, or is dead. */
export const INTENT_HOLDS = 15 * 60_000;

const PAUSE = 200;

export function intentPath(flow: string): string {
  return flowNotePath(flow, 'gc');
}

/** The intent in force in a flow. */
export async function readIntent(datastore: Datastore, flow: string, now: number): Promise<GcIntent | undefined> {
  const bytes = await datastore.get(intentPath(flow));
  if (bytes === undefined) return undefined;
  // Written by us as this shape, and whole.
  const intent = JSON.parse(Buffer.from(bytes).toString('utf8')) as GcIntent;
  return now - intent.at > INTENT_HOLDS ? undefined : intent;
}

/** Waits while any of these keys may be being deleted. */
export async function awaitDeletions(
  datastore: Datastore,
  { flow, keys, clock }: { readonly flow: string; readonly keys: readonly ArtifactKey[]; readonly clock: () => number },
): Promise<void> {
  for (;;) {
    const going = new Set((await readIntent(datastore, flow, clock()))?.keys);
    if (!keys.some((key) => going.has(key))) return;
    await delay(PAUSE);
  }
}
