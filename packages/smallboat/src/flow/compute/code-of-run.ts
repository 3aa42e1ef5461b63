import type { ArtifactKey, CodePackage, RunPath, RunStore } from '../store/run-store.ts';

/** The code package that the tasks of a run were run from, whoever made the run; undefined where all of it ran where it was started. */
export async function codeOfRun(store: RunStore, { flow, run }: RunPath): Promise<CodePackage | undefined> {
  for (const { path } of await store.tasks(flow, run)) {
    const fact = (await store.facts(path)).find(({ field }) => field === 'code-package');
    const { sha, location } = JSON.parse(fact?.value ?? '{}') as Readonly<Record<string, unknown>>; // As Metaflow writes it.
    if (typeof sha === 'string' && typeof location === 'string') return { key: sha as ArtifactKey, url: location };
    // Metaflow says it of all tasks or of none, but for those of a run that nobody executed.
    if (path.step !== '_parameters' && path.step !== 'start') break;
  }
  return undefined;
}
