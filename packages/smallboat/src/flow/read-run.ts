import { RECORD, asTaskRecord } from './engine/record.ts';
import { isArtifactName } from './names.ts';
import type { RunStore } from './store/run-store.ts';

/** What each finished task of a step made, in the order of the lists around it. */
export async function readStep<O extends object>(
  store: RunStore,
  { flow, run, step }: { readonly flow: string; readonly run: string; readonly step: string },
): Promise<readonly O[]> {
  const found: { readonly index: readonly number[]; readonly made: O }[] = [];
  for (const { path, ended } of await store.tasks(flow, run)) {
    if (path.step !== step || !ended?.hasSucceeded) continue;
    const key = ended.artifacts[RECORD];
    const record = key ? asTaskRecord(await store.load(key)) : undefined;
    const made: Record<string, unknown> = {};
    for (const [name, artifact] of Object.entries(ended.artifacts)) {
      if (isArtifactName(name)) made[name] = await store.load(artifact);
    }
    found.push({ index: record?.index ?? [], made: made as O }); // What the step's type says that it returns.
  }
  return found.sort((a, b) => compare(a.index, b.index)).map(({ made }) => made);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((x, i) => x !== b[i]);
  return differs < 0 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
}
