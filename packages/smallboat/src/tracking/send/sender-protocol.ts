import type { DestinationsOptions } from '../destinations-options.ts';

/** What the thread is started with. */
export interface SenderStart {
  readonly destinations: Pick<DestinationsOptions, 'env' | 'folder' | 'trackers'>;
}

/** What the thread is told. */
export type ToSender =
  /** `flag`: one number, 1 while it is known that there is something new of the run. */
  | { readonly kind: 'run'; readonly id: string; readonly folder: string; readonly flag: Int32Array }
  | { readonly kind: 'news'; readonly id: string }
  | { readonly kind: 'close'; readonly id: string; readonly seconds: number };

/** What the thread says. */
export type FromSender =
  | { readonly kind: 'told'; readonly problem: string }
  /** `left`: destinations that have not got all. */
  | { readonly kind: 'closed'; readonly id: string; readonly left: readonly string[] };
