import { serialize, deserialize } from 'node:v8';
import { defineErrors, sha256 } from '../kernel/index.ts';
import type {
  ArtifactKey,
  ArtifactKeys,
  EndedAttempt,
  RunInfo,
  RunStore,
  TaskInfo,
  TaskPath,
} from './store/run-store.ts';

const errors = defineErrors({
  RUN_NOT_IN_MEMORY: (f: { run: string }) => `There is no run ${f.run} in this memory. Was it made with another store?`,
  ARTIFACT_NOT_IN_MEMORY: (f: { key: string }) => `There is no artifact ${f.key} in this memory.`,
});

interface Task {
  readonly path: TaskPath;
  readonly createdAt: number;
  begun: number;
  startedAt: number;
  ended?: EndedAttempt;
}

/** A store that lives and dies with this process: a test double, held to the contract of the port. */
export function inMemoryRunStore(now: () => number = Date.now): RunStore {
  const runs = new Map<string, RunInfo>();
  const tasks = new Map<string, Task[]>();
  const blobs = new Map<string, Uint8Array>();
  const logs = new Map<string, string>();
  let lastRun = 0;

  const tasksOf = (flow: string, run: string): Task[] => {
    const found = tasks.get(`${flow}/${run}`);
    if (!found) throw errors.RUN_NOT_IN_MEMORY({ run: `${flow}/${run}` });
    return found;
  };
  const taskAt = (path: TaskPath): Task => {
    const found = tasksOf(path.flow, path.run).find((t) => t.path.step === path.step && t.path.task === path.task);
    if (!found) throw errors.RUN_NOT_IN_MEMORY({ run: `${path.flow}/${path.run}/${path.step}/${path.task}` });
    return found;
  };
  const logKey = (path: TaskPath, attempt: number, stream: string): string =>
    [path.flow, path.run, path.step, path.task, attempt, stream].join('/');

  return {
    location: 'memory:',
    async createRun(flow, { tags = [], systemTags = [], origin } = {}) {
      lastRun = Math.max(lastRun + 1, now() * 1000);
      const run = String(lastRun);
      const at = now();
      runs.set(`${flow}/${run}`, {
        flow,
        run,
        createdAt: at,
        user: 'memory',
        tags,
        systemTags,
        ...(origin === undefined ? {} : { origin }),
      });
      tasks.set(`${flow}/${run}`, []);
      return run;
    },
    async createTask(flow, run, step) {
      const all = tasksOf(flow, run);
      const path = { flow, run, step, task: String(all.length) };
      all.push({ path, createdAt: now(), begun: 0, startedAt: now() });
      return path;
    },
    async beat(flow, run) {
      const info = runs.get(`${flow}/${run}`);
      if (info) runs.set(`${flow}/${run}`, { ...info, heartbeatAt: now() });
    },
    async beginAttempt(path, attempt) {
      const task = taskAt(path);
      task.begun = Math.max(task.begun, attempt + 1);
      task.startedAt = now();
    },
    async save(value) {
      const bytes = serialize(value);
      const key = sha256(bytes);
      blobs.set(key, bytes);
      return key as ArtifactKey; // Made here.
    },
    async endAttempt(path, attempt, end: { artifacts: ArtifactKeys; hasSucceeded: boolean }) {
      const task = taskAt(path);
      task.ended = { attempt, ...end, startedAt: task.startedAt, endedAt: now() };
    },
    async appendLog(path, attempt, stream, text) {
      const key = logKey(path, attempt, stream);
      logs.set(key, (logs.get(key) ?? '') + text);
    },
    flows: async () => [...new Set([...runs.values()].map((r) => r.flow))].sort(),
    runs: async (flow) => [...runs.values()].filter((r) => r.flow === flow).reverse(),
    tasks: async (flow, run) =>
      tasksOf(flow, run).map(({ path, createdAt, begun, ended }): TaskInfo => ({
        path,
        createdAt,
        attemptsBegun: begun,
        ...(ended ? { ended } : {}),
      })),
    async load(key) {
      const bytes = blobs.get(key);
      if (!bytes) throw errors.ARTIFACT_NOT_IN_MEMORY({ key });
      return deserialize(bytes) as unknown;
    },
    readLog: async (path, attempt, stream) => logs.get(logKey(path, attempt, stream)) ?? '',
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
