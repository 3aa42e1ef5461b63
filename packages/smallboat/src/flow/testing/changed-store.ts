import type { RunStore } from '../store/run-store.ts';

/** A store with some of its members replaced. */
export function changedStore(store: RunStore, change: Partial<RunStore>): RunStore {
  return new Proxy(store, {
    get(target, key): unknown {
      if (key in change) return Reflect.get(change, key);
      const found: unknown = Reflect.get(target, key);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });
}
