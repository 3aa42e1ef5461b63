import { readLog } from './read-log.ts';

/**
 * Labels by the prediction's id: of several for one prediction the one that became known last. All feedback since `from` is
 * read, however late it came. About 100 bytes of memory for each prediction with feedback.
 */
export async function latestFeedback(options: {
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly signal?: AbortSignal;
}): Promise<Map<string, 0 | 1>> {
  const latest = new Map<string, { readonly at: number; readonly label: 0 | 1 }>();
  for await (const entry of readLog(options)) {
    if (entry.kind !== 'feedback' || (entry.label !== 0 && entry.label !== 1)) continue;
    const before = latest.get(entry.id);
    if (before === undefined || before.at <= entry.at) latest.set(entry.id, { at: entry.at, label: entry.label });
  }
  return new Map([...latest].map(([id, { label }]) => [id, label]));
}
