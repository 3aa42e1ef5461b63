import { isArtifactName } from '../names.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Job, Outcome } from './job.ts';
import { RECORD, asTaskRecord } from './record.ts';

/**
 * How an attempt ended, as the store has it; undefined where it has not. For attempts whose process cannot say so itself: it ran on another
 * machine, or was lost after the end was written.
 */
export async function endedAttempt(
  { path, attempt }: Pick<Job, 'path' | 'attempt'>,
  store: RunStore,
): Promise<Extract<Outcome, { kind: 'succeeded' | 'failed' }> | undefined> {
  const { ended } = await store.task(path);
  if (ended?.attempt !== attempt) return undefined;
  const key = ended.artifacts[RECORD];
  const record = key ? asTaskRecord(await store.load(path.flow, key)) : undefined;
  if (!ended.hasSucceeded) {
    return { kind: 'failed', error: record?.error ?? { kind: 'threw', message: 'It failed without saying why.' } };
  }
  const own = Object.entries(ended.artifacts).filter(([name]) => isArtifactName(name));
  return {
    kind: 'succeeded',
    artifacts: Object.fromEntries(own),
    stored: ended.artifacts,
    absent: record?.absent ?? [],
    lengths: record?.lengths ?? {},
  };
}
