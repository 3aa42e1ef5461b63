import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { KubernetesApi } from './api.ts';

const List = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().default('') }),
  items: z.array(z.unknown()),
});
const Event = z.looseObject({ type: z.string(), object: z.unknown() });
const Versioned = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string().default('') }).optional() });

export interface WatchedObjects {
  /** `/api/v1/namespaces/default/pods` */
  readonly path: string;
  readonly labelSelector: string;
  /** Told of every object as it is, at first and after each change; `isGone` where it was deleted. */
  readonly onObject: (object: unknown, isGone: boolean) => void;
  /** Told where the server cannot be asked; it is asked again. */
  readonly onTrouble: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Seconds after which the server ends a watch, which then goes on from where it was. */
const TIMEOUT = 240;

/**
 * Watches objects until `signal` aborts: lists them, then hears of changes, and lists them again where it missed some. Never rejects: a server
 * that is gone for a while is asked again.
 */
export async function watchObjects(api: KubernetesApi, watched: WatchedObjects): Promise<void> {
  const { path, labelSelector, onObject, onTrouble, signal } = watched;
  let version: string | undefined;
  for (let troubles = 0; !signal.aborted;) {
    try {
      if (version === undefined) {
        const list = List.parse(await api.call('GET', path, { query: { labelSelector }, signal }));
        for (const object of list.items) onObject(object, false);
        version = list.metadata.resourceVersion;
      }
      const query = {
        watch: 'true',
        labelSelector,
        resourceVersion: version,
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(TIMEOUT),
      };
      for await (const line of api.lines(path, { query, signal })) {
        const { type, object } = Event.parse(JSON.parse(line));
        // Too old to go on from there.
        if (type === 'ERROR') {
          version = undefined;
          break;
        }
        version = Versioned.parse(object).metadata?.resourceVersion || version;
        if (type !== 'BOOKMARK') onObject(object, type === 'DELETED');
      }
      troubles = 0;
    } catch (error) {
      if (signal.aborted) return;
      version = undefined;
      troubles += 1;
      onTrouble(error);
      await delay(Math.min(30_000, 500 * 2 ** troubles), undefined, { signal }).catch(() => undefined);
    }
  }
}
