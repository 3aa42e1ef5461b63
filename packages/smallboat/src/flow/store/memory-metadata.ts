import { flowPath, runPath, stepPath, taskPath } from './layout.ts';
import type { Metadata, TaskStub } from './metadata.ts';
import { pathspecOf, runStoreErrors } from './run-store.ts';
import type { RunInfo, RunPath, TaskFact, TaskPath } from './run-store.ts';
import { originIn } from './system-tags.ts';
import { changedTags } from './tags.ts';

interface Run {
  info: RunInfo;
  readonly tasks: Map<string, { readonly stub: TaskStub; readonly facts: TaskFact[] }>;
}

/** Metadata that live and die with this process. */
export function memoryMetadata(clock: () => number): Metadata {
  const location = 'memory';
  const runs = new Map<string, Run>();
  let lastRun = 0;

  const runAt = (path: RunPath): Run => {
    const found = runs.get(runPath(path));
    if (!found) throw runStoreErrors.RUN_NOT_FOUND({ ...path, location });
    return found;
  };
  const taskAt = (path: TaskPath) => {
    const found = runs.get(runPath(path))?.tasks.get(taskPath(path));
    if (!found) throw runStoreErrors.TASK_NOT_FOUND({ task: pathspecOf(path), location });
    return found;
  };
  const newestFirst = (flow: string): RunInfo[] =>
    [...runs.values()].flatMap(({ info }) => (info.flow === flow ? [info] : [])).reverse();

  return {
    kind: 'memory',
    location,
    user: location,
    async createRun(flow, { tags, systemTags, prepare }) {
      flowPath(flow);
      const createdAt = clock();
      lastRun = Math.max(lastRun + 1, createdAt * 1000);
      const run = String(lastRun);
      await prepare(run);
      const origin = originIn(systemTags);
      const info = { flow, run, createdAt, user: location, tags, systemTags: [...systemTags, `user:${location}`] };
      runs.set(runPath({ flow, run }), {
        info: origin === undefined ? info : { ...info, origin },
        tasks: new Map(),
      });
      return run;
    },
    async createTask(flow, run, step) {
      stepPath({ flow, run, step });
      const { tasks } = runAt({ flow, run });
      const path = { flow, run, step, task: String(tasks.size) };
      tasks.set(taskPath(path), { stub: { path, createdAt: clock() }, facts: [] });
      return path;
    },
    async checkRun(path) {
      runAt(path);
    },
    async checkTask(path) {
      taskAt(path);
    },
    async beat(path) {
      const run = runAt(path);
      run.info = { ...run.info, heartbeatAt: clock() };
    },
    async register(path, attempt, { facts }) {
      const made = facts.map(({ field, value, type = field }) => ({ field, value, type, attempt, at: clock() }));
      taskAt(path).facts.push(...made);
    },
    async changeTags(path, change) {
      const run = runAt(path);
      run.info = { ...run.info, tags: changedTags(run.info, change) };
      return run.info.tags;
    },
    flows: async () => [...new Set([...runs.values()].map(({ info }) => info.flow))].sort(),
    run: async (path) => runs.get(runPath(path))?.info,
    async *runs(flow) {
      yield* newestFirst(flow);
    },
    tasks: async (path) => [...runAt(path).tasks.values()].map(({ stub }) => stub),
    task: async (path) => taskAt(path).stub,
    facts: async (path) => [...taskAt(path).facts],
    forget: async (path) => {
      runs.delete(runPath(path));
      return true;
    },
    async cutOrigin(path) {
      for (const task of runAt(path).tasks.values()) {
        const kept = task.facts.filter(({ field }) => field !== 'origin-task-id');
        task.facts.splice(0, Infinity, ...kept);
      }
    },
    async [Symbol.asyncDispose]() {
      // It goes with the process.
    },
  };
}
