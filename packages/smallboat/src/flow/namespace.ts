import type { RunInfo } from './store/run-store.ts';

/**
 * Whether a run is in a namespace, which is a tag of it: `user:ada`, `production:token`, or any other. The empty one is the global one,
 * with all runs in it.
 */
export function isInNamespace({ tags, systemTags }: Pick<RunInfo, 'tags' | 'systemTags'>, namespace: string): boolean {
  return namespace === '' || tags.includes(namespace) || systemTags.includes(namespace);
}
