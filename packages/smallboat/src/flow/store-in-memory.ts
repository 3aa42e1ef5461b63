import { sha256 } from '../kernel/index.ts';
import { checkArtifactName, layoutOf } from './store/layout.ts';
import { decodePickle } from './store/pickle-decode.ts';
import { encodePickle } from './store/pickle-encode.ts';
import {
  type ArtifactKey,
  type EndedAttempt,
  type RunInfo,
  type RunStore,
  type TaskInfo,
  type TaskPath,
  runStoreErrors,
} from './store/run-store.ts';

interface Task {
  readonly path: TaskPath;
  readonly createdAt: number;
  begun: number;
  startedAt: number;
  readonly ended: EndedAttempt[];
}

/**
 * A store that lives and dies with this process: for tests of flows, which then run in this process too. It keeps the
 * promises of the port, and encodes values as the local store does, so that what cannot be stored is refused here too.
 */
export function inMemoryRunStore(now: () => number = Date.now): RunStore {
  const location = 'memory';
  const runs = new Map<string, RunInfo>();
  const tasks = new Map<string, Task[]>();
  const blobs = new Map<string, Uint8Array>();
  const logs = new Map<string, string>();
  const checkpoints = new Map<string, ArtifactKey>();
  const names = layoutOf('');
  let lastRun = 0;

  const tasksOf = (flow: string, run: string): Task[] => {
    const found = tasks.get(names.run(flow, run));
    if (!found) throw runStoreErrors.RUN_NOT_FOUND({ flow, run, location });
    return found;
  };
  const taskAt = (path: TaskPath): Task => {
    const found = tasksOf(path.flow, path.run).find((t) => t.path.step === path.step && t.path.task === path.task);
    if (!found) throw runStoreErrors.TASK_NOT_FOUND({ task: names.task(path), location });
    return found;
  };
  const openTask = (path: TaskPath, attempt: number): Task => {
    const task = taskAt(path);
    if (task.ended.some((e) => e.attempt === attempt)) {
      throw runStoreErrors.ATTEMPT_ENDED({ task: names.task(path), attempt });
    }
    return task;
  };

  const store = {
    location,
    user: location,
    createRun(flow, { tags = [], systemTags = [], origin } = {}) {
      const createdAt = now();
      lastRun = Math.max(lastRun + 1, createdAt * 1000);
      const run = String(lastRun);
      tasks.set(names.run(flow, run), []);
      const info: RunInfo = { flow, run, createdAt, user: location, tags, systemTags };
      runs.set(names.run(flow, run), origin === undefined ? info : { ...info, origin });
      return run;
    },
    createTask(flow, run, step) {
      const all = tasksOf(flow, run);
      const path = { flow, run, step, task: String(all.length) };
      names.task(path);
      all.push({ path, createdAt: now(), begun: 0, startedAt: now(), ended: [] });
      return path;
    },
    beat(flow, run) {
      tasksOf(flow, run);
      const info = runs.get(names.run(flow, run));
      if (info) runs.set(names.run(flow, run), { ...info, heartbeatAt: now() });
    },
    beginAttempt(path, attempt) {
      const task = openTask(path, attempt);
      task.begun = Math.max(task.begun, attempt + 1);
      task.startedAt = now();
    },
    save(value) {
      const bytes = Buffer.concat(encodePickle(value));
      const key = sha256(bytes);
      blobs.set(key, bytes);
      return key as ArtifactKey; // Made here.
    },
    endAttempt(path, attempt, { artifacts, hasSucceeded }) {
      const task = openTask(path, attempt);
      for (const [name, key] of Object.entries(artifacts)) {
        checkArtifactName(name);
        if (!blobs.has(key)) throw runStoreErrors.ARTIFACT_NOT_FOUND({ key, location });
      }
      task.ended.push({ attempt, artifacts, hasSucceeded, startedAt: task.startedAt, endedAt: now() });
    },
    appendLog(path, attempt, stream, text) {
      taskAt(path);
      const key = `${names.task(path)}/${attempt}/${stream}`;
      logs.set(key, (logs.get(key) ?? '') + text);
    },
    saveCheckpoint({ flow, run }, name, key) {
      tasksOf(flow, run);
      checkpoints.set(`${names.run(flow, run)}/${name}`, key);
    },
    checkpoint: ({ flow, run }, name) => checkpoints.get(`${names.run(flow, run)}/${name}`),
    remember: (flow, name, key) => void checkpoints.set(`${names.flow(flow)}//${name}`, key),
    remembered: (flow, name) => checkpoints.get(`${names.flow(flow)}//${name}`),
    has: (key) => blobs.has(key),
    flows: () => [...new Set([...runs.values()].map((r) => r.flow))].sort(),
    runs: (flow) => [...runs.values()].filter((r) => r.flow === flow).reverse(),
    tasks: (flow, run) => tasksOf(flow, run).map(infoOf),
    task: (path) => infoOf(taskAt(path)),
    load(key) {
      const bytes = blobs.get(key);
      if (!bytes) throw runStoreErrors.ARTIFACT_NOT_FOUND({ key, location });
      return decodePickle(Uint8Array.from(bytes));
    },
    readLog: (path, attempt, stream) => logs.get(`${names.task(path)}/${attempt}/${stream}`) ?? '',
    [Symbol.asyncDispose]: () => undefined,
  } satisfies Plain;
  return asynchronous(store);
}

function infoOf({ path, createdAt, begun, ended }: Task): TaskInfo {
  const last = ended.at(-1);
  return { path, createdAt, attemptsBegun: begun, ...(last ? { ended: last } : {}) };
}

/** The port without its promises: nothing here has to wait. */
type Plain = {
  readonly [K in keyof RunStore]: RunStore[K] extends (...args: infer A) => PromiseLike<infer R>
    ? (...args: A) => R
    : RunStore[K];
};

function asynchronous(store: Plain): RunStore {
  return {
    location: store.location,
    user: store.user,
    createRun: async (...args) => store.createRun(...args),
    createTask: async (...args) => store.createTask(...args),
    beat: async (...args) => store.beat(...args),
    beginAttempt: async (...args) => store.beginAttempt(...args),
    save: async (...args) => store.save(...args),
    endAttempt: async (...args) => store.endAttempt(...args),
    appendLog: async (...args) => store.appendLog(...args),
    saveCheckpoint: async (...args) => store.saveCheckpoint(...args),
    checkpoint: async (...args) => store.checkpoint(...args),
    remember: async (...args) => store.remember(...args),
    remembered: async (...args) => store.remembered(...args),
    has: async (...args) => store.has(...args),
    flows: async () => store.flows(),
    runs: async (...args) => store.runs(...args),
    tasks: async (...args) => store.tasks(...args),
    task: async (...args) => store.task(...args),
    load: async (...args) => store.load(...args),
    readLog: async (...args) => store.readLog(...args),
    [Symbol.asyncDispose]: async () => store[Symbol.asyncDispose](),
  };
}
