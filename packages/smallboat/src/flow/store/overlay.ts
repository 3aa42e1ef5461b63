import { type RunStore, runStoreErrors } from './run-store.ts';

/** A store that reads artifacts from another where it has not got them itself. All else is its own. */
export function overlay(store: RunStore, behind: RunStore): RunStore {
  return {
    ...bound(store),
    has: async (key) => (await store.has(key)) || behind.has(key),
    load: async (key) => {
      try {
        return await store.load(key);
      } catch (error) {
        if (runStoreErrors.ARTIFACT_NOT_FOUND.is(error)) return behind.load(key);
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await behind[Symbol.asyncDispose]();
    },
  };
}

function bound(store: RunStore): RunStore {
  return {
    location: store.location,
    user: store.user,
    createRun: (...args) => store.createRun(...args),
    createTask: (...args) => store.createTask(...args),
    beat: (...args) => store.beat(...args),
    beginAttempt: (...args) => store.beginAttempt(...args),
    save: (...args) => store.save(...args),
    endAttempt: (...args) => store.endAttempt(...args),
    appendLog: (...args) => store.appendLog(...args),
    saveCheckpoint: (...args) => store.saveCheckpoint(...args),
    checkpoint: (...args) => store.checkpoint(...args),
    remember: (...args) => store.remember(...args),
    remembered: (...args) => store.remembered(...args),
    has: (...args) => store.has(...args),
    flows: () => store.flows(),
    runs: (...args) => store.runs(...args),
    tasks: (...args) => store.tasks(...args),
    task: (...args) => store.task(...args),
    load: (...args) => store.load(...args),
    readLog: (...args) => store.readLog(...args),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
