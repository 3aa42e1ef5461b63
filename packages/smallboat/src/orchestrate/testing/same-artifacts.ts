import { expect } from 'vitest';
import { type Flow, type RunStore, inMemoryRunStore, readRun, runFlow } from '../../flow/index.ts';

/** All artifacts of a run's tasks by task and name, and its result: as values. */
export async function artifactsOf(store: RunStore, flow: string, run: string): Promise<Record<string, unknown>> {
  const view = await readRun(store, { flow, run });
  const found: Record<string, unknown> = {};
  const tasks = view.steps.flatMap(({ tasks: all }) => all);
  for (const { name, artifacts } of [...tasks, { name: 'end', artifacts: view.result }]) {
    for (const [artifact, key] of Object.entries(artifacts)) found[`${name}.${artifact}`] = await store.load(flow, key);
  }
  return found;
}

/** What the flow makes where it is run here, without an engine. */
export async function madeHere(
  flow: Flow,
  params: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const store = inMemoryRunStore();
  await using run = await runFlow(flow, { module: 'file:///flows.ts', store, params, maxWorkers: 2 });
  return artifactsOf(store, flow.name, run.run);
}

/** Fails where an engine's run made something else than a run here. */
export async function expectSameArtifacts(
  engine: { readonly store: RunStore; readonly run: string },
  { flow, params }: { readonly flow: Flow; readonly params: Readonly<Record<string, unknown>> },
): Promise<void> {
  const [theirs, ours] = await Promise.all([artifactsOf(engine.store, flow.name, engine.run), madeHere(flow, params)]);
  expect(theirs).toEqual(ours);
}
