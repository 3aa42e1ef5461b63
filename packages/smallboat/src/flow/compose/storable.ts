/** What no store can keep. */
type Unstorable =
  | ((...args: never) => unknown)
  | symbol
  | PromiseLike<unknown>
  | WeakMap<never, unknown>
  | WeakSet<never>;

/** What a store keeps although it has methods. Arrow's tables are known by their shape. */
type Kept =
  | Date
  | ArrayBuffer
  | ArrayBufferView
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | { readonly schema: unknown; readonly batches: readonly unknown[]; readonly numRows: number };

/**
 * Classes with methods that are registered with `storable`, for the compiler:
 * `declare module 'smallboat/flow' { interface StorableClasses { money: Money } }`. The names of the properties are of no account.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- others fill it
export interface StorableClasses {}

type Deeper = readonly [never, 0, 1, 2, 3];

/** `true` where something in `V` cannot be stored, looked for `Depth` levels deep. What is kept comes first: a Map is a WeakMap by its shape. */
type Trouble<V, Depth extends number> = 0 extends 1 & V
  ? never
  : V extends StorableClasses[keyof StorableClasses]
    ? never
    : V extends Kept | string | number | bigint | boolean | null | undefined
      ? never
      : V extends Unstorable
        ? true
        : Depth extends 0
          ? never
          : V extends readonly (infer E)[]
            ? Trouble<E, Deeper[Depth]>
            : V extends object
              ? { readonly [K in keyof V]-?: Trouble<V[K], Deeper[Depth]> }[keyof V]
              : never;

/** `R`, if all of it can be stored; else the message that the compiler shows at the culprit. */
export type Storable<R> = {
  readonly [K in keyof R]: [Trouble<R[K], 2>] extends [never]
    ? R[K]
    : `Artifact '${K & string}' cannot be stored: it is or holds a function, a symbol or a promise. Return plain data.`;
};
