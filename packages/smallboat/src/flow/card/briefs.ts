import type { Brief } from '../../report/index.ts';
import { briefOf } from '../../report/make/index.ts';
import type { ArtifactKeys, RunStore } from '../store/run-store.ts';

type Briefs = Readonly<Record<string, Brief>>;

/** Artifacts in short while their values are at hand, so that a card of many tasks need not read them; nothing where there is none. */
export async function briefsOf(
  { store, flow }: { readonly store: RunStore; readonly flow: string },
  made: readonly (readonly [name: string, value: unknown])[],
  keys: ArtifactKeys,
): Promise<{ readonly briefs?: Briefs }> {
  if (made.length === 0) return {};
  const briefs = made.map(async ([name, value]) => {
    const key = keys[name];
    const bytes = key === undefined ? undefined : await store.size(flow, key);
    return [name, { ...briefOf(value), ...(bytes === undefined ? {} : { bytes }) }] as const;
  });
  return { briefs: Object.fromEntries(await Promise.all(briefs)) };
}
