import { messageOf } from '../../kernel/index.ts';
import { type Brief, briefOf } from '../../report/index.ts';
import type { TaskView } from '../read-run.ts';
import type { ArtifactKey, RunStore } from '../store/run-store.ts';

/** Bytes up to which an artifact that its run has no words for is read for them. */
const MOST_BYTES = 1 << 20;

/** An artifact of a task in short: as its run noted it, else as it is read now. */
export async function briefFor(store: RunStore, task: TaskView, name: string): Promise<Brief> {
  const key = task.artifacts[name];
  return task.briefs[name] ?? (key === undefined ? { type: 'missing', text: '' } : briefIn(store, task.path.flow, key));
}

/** An artifact in short, read from the store unless it is large; what is wrong with it, where it cannot be read. */
export async function briefIn(store: RunStore, flow: string, key: ArtifactKey): Promise<Brief> {
  try {
    const bytes = await store.size(flow, key);
    if (bytes > MOST_BYTES) return { type: 'large', text: '', bytes };
    return { ...briefOf(await store.load(flow, key)), bytes };
  } catch (error) {
    return { type: 'unreadable', text: messageOf(error) };
  }
}
