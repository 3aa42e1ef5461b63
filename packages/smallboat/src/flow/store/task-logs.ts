import type { Datastore } from './datastore.ts';
import { attemptPath } from './layout.ts';
import { fromLogLines, toLogLines } from './mflog.ts';
import type { TaskPath } from './run-store.ts';

export type LogStream = 'stdout' | 'stderr';

/** Who writes a log of an attempt: Metaflow's runtime has one of its own, ours has not. */
const SOURCES = ['runtime', 'task'] as const;

/** The text of an attempt's log: what the task wrote and what its runtime wrote. */
export async function readLogText(
  datastore: Datastore,
  path: TaskPath,
  attempt: number,
  stream: LogStream,
): Promise<string> {
  const read = async (source: string): Promise<readonly string[]> => {
    const bytes = await datastore.get(attemptPath(path, attempt, `${source}_${stream}.log`));
    return bytes ? [Buffer.from(bytes).toString('utf8')] : [];
  };
  return fromLogLines((await Promise.all(SOURCES.map(read))).flat());
}

/** Puts one line in the place of each log of an attempt that there is. Gives the bytes that are gone. */
export async function replaceLog(
  datastore: Datastore,
  file: { readonly path: TaskPath; readonly attempt: number; readonly stream: LogStream },
  { line, micros }: { readonly line: string; readonly micros: number },
): Promise<number> {
  let gone = 0;
  for (const source of SOURCES) {
    const name = attemptPath(file.path, file.attempt, `${source}_${file.stream}.log`);
    const bytes = (await datastore.stat(name))?.bytes ?? 0;
    if (bytes === 0) continue;
    await datastore.put(name, source === 'task' ? toLogLines(`${line}\n`, '', () => micros) : '', { isDurable: true });
    gone += bytes;
  }
  return gone;
}
