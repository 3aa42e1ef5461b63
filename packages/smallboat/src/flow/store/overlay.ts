import { type RunStore, runStoreErrors } from './run-store.ts';

/** A store that reads artifacts from another where it has not got them itself. All else is its own. */
export function overlay(store: RunStore, behind: RunStore): RunStore {
  return {
    ...bound(store),
    ...(store.s3 ? { s3: store.s3 } : behind.s3 ? { s3: behind.s3 } : {}),
    has: async (flow, key) => (await store.has(flow, key)) || behind.has(flow, key),
    load: async (flow, key) => {
      try {
        return await store.load(flow, key);
      } catch (error) {
        if (runStoreErrors.ARTIFACT_NOT_FOUND.is(error)) return behind.load(flow, key);
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
    changeTags: (...args) => store.changeTags(...args),
    beat: (...args) => store.beat(...args),
    beginAttempt: (...args) => store.beginAttempt(...args),
    save: (...args) => store.save(...args),
    saveBytes: (...args) => store.saveBytes(...args),
    endAttempt: (...args) => store.endAttempt(...args),
    adopt: (...args) => store.adopt(...args),
    appendLog: (...args) => store.appendLog(...args),
    scrubLog: (...args) => store.scrubLog(...args),
    saveCheckpoint: (...args) => store.saveCheckpoint(...args),
    checkpoint: (...args) => store.checkpoint(...args),
    saveSummary: (...args) => store.saveSummary(...args),
    summary: (...args) => store.summary(...args),
    remember: (...args) => store.remember(...args),
    remembered: (...args) => store.remembered(...args),
    has: (...args) => store.has(...args),
    flows: () => store.flows(),
    run: (...args) => store.run(...args),
    runs: (...args) => store.runs(...args),
    eachRun: (...args) => store.eachRun(...args),
    tasks: (...args) => store.tasks(...args),
    task: (...args) => store.task(...args),
    facts: (...args) => store.facts(...args),
    load: (...args) => store.load(...args),
    loadBytes: (...args) => store.loadBytes(...args),
    size: (...args) => store.size(...args),
    cards: store.cards,
    readLog: (...args) => store.readLog(...args),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
