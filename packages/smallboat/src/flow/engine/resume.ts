import { isDeepStrictEqual } from 'node:util';
import { defineErrors } from '../../kernel/index.ts';
import type { Flow, Params } from '../compose/flow.ts';
import { readConfigs } from '../config-value.ts';
import { checkUnchanged, parseParams } from '../params.ts';
import { isAlive } from '../read-run.ts';
import { type FlowRun, type ResumeFlowOptions, runErrors } from '../run-flow.ts';
import type { ArtifactKeys, RunStore } from '../store/run-store.ts';
import { guarded, openDesk, parametersOf, start } from './conduct.ts';
import { begun, readOrigin, readRunRecord, withDescendants } from './origin.ts';

export const resumeErrors = defineErrors({
  CONFIG_CHANGED: (f: { flow: string; run: string; name: string }) =>
    `The configuration '${f.name}' is not what run ${f.flow}/${f.run} was made with. Put it back, or start a new run with 'smallboat run'.`,
});

/** `resumeFlow`. */
export async function conductResumed<P extends Params, R>(
  flow: Flow<P, R>,
  options: ResumeFlowOptions<P>,
): Promise<FlowRun<R>> {
  const desk = await openDesk(flow, options);
  const { from } = options;
  return guarded(desk, async () => {
    const { store, graph } = desk;
    if (from !== undefined && !graph.steps.some((s) => s.name === from)) {
      const known = graph.steps.map((s) => s.name).join(', ');
      throw runErrors.STEP_NOT_IN_FLOW({ flow: flow.name, step: from, known });
    }
    const wanted = options.run ?? (await latestResumable(store, flow.name, from !== undefined));
    const origin = await begun(store, { flow: flow.name, run: wanted });
    const tasks = await store.tasks(flow.name, origin);
    const record = await readRunRecord(store, tasks);
    const fail = (why: string): never => {
      throw runErrors.RUN_NOT_RESUMABLE({ flow: flow.name, run: origin, why });
    };
    if (!record) return fail(`it was stopped before it began, or was not made by Smallboat; start a new run`);
    if (tasks.some((t) => t.path.step === 'end' && t.ended?.hasSucceeded === true) && from === undefined) {
      return fail('it ended well; name the step to start from with --from');
    }
    const info = await store.run(flow.name, origin);
    if (isAlive(record, info)) return fail(`process ${record.pid} is still running it; wait for it or stop it first`);
    const keys = tasks.find((t) => t.path.step === '_parameters')?.ended?.artifacts ?? {};
    const stored: Record<string, unknown> = {};
    for (const name of record.params) {
      const key = keys[name];
      if (key) stored[name] = await store.load(flow.name, key);
    }
    const parameters = parametersOf(flow, options);
    await checkConfigs(store, { flow: flow.name, run: origin, names: record.configs ?? [], keys });
    await checkUnchanged({ ...parameters, run: origin }, stored, options.params ?? {});
    const added = Object.fromEntries(Object.entries(flow.params).filter(([name]) => !(name in stored)));
    const values = { ...stored, ...(await parseParams({ ...parameters, params: added }, {})) };
    const { finished, runs: origins } = await readOrigin(store, flow.name, origin);
    const again = from === undefined ? new Set<string>() : withDescendants(graph, from);
    for (const name of finished.keys()) if (again.has(name.replace(/\[.*$/, ''))) finished.delete(name);
    return start<R>({
      ...desk,
      values,
      tags: options.tags ?? [],
      origin,
      finished,
      origins,
      ...(from ? { from } : {}),
    });
  });
}

/** A resumed run has the configuration that it was made with: steps that are done were done with it. */
async function checkConfigs(
  store: RunStore,
  of: {
    readonly flow: string;
    readonly run: string;
    readonly names: readonly string[];
    readonly keys: ArtifactKeys;
  },
): Promise<void> {
  const now = new Map(readConfigs().map(({ name, value }) => [name, value]));
  for (const name of of.names) {
    const key = of.keys[name];
    if (key === undefined || !now.has(name)) continue;
    if (isDeepStrictEqual(await store.load(of.flow, key), now.get(name))) continue;
    throw resumeErrors.CONFIG_CHANGED({ flow: of.flow, run: of.run, name });
  }
}

async function latestResumable(store: RunStore, flow: string, withEnded: boolean): Promise<string> {
  for await (const { run } of store.eachRun(flow)) {
    const tasks = await store.tasks(flow, run);
    const hasEnded = tasks.some((t) => t.path.step === 'end' && t.ended?.hasSucceeded === true);
    if (withEnded || !hasEnded) return run;
    break;
  }
  throw runErrors.RUN_NOT_RESUMABLE({ flow, run: 'latest', why: 'none of its runs is unfinished; start a new one' });
}
