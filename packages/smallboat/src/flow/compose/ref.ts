import type { Source } from '../definition.ts';
import { wiringErrors } from './errors.ts';

/** From the registry of symbols, so that two copies of this package know each other's references. */
const source: unique symbol = Symbol.for('smallboat.source');
declare const value: unique symbol;

/** A value that will exist when the flow runs: a parameter, an artifact, or an element of a list. */
export interface Ref<out T> {
  readonly [source]: Source;
  /** Exists only as a type: it keeps a `Ref<Dataset>` from passing for a `Ref<Quality>`. */
  readonly [value]: T;
}

/** What wiring a step gives: its result, and each artifact of it by name. */
export type Outputs<R extends object> = Ref<R> & { readonly [K in keyof R]: Ref<R[K]> };

/** What one of two gives, where it is known only when the flow runs which: an artifact that only one of them makes may be undefined. */
export type Either<A extends object, B extends object> = Ref<A | B> & {
  readonly [K in keyof A]: Ref<A[K] | (K extends keyof B ? B[K] : undefined)>;
} & { readonly [K in Exclude<keyof B, keyof A>]: Ref<B[K] | undefined> };

type KeysOf<U> = U extends unknown ? keyof U : never;
type At<U, K> = U extends unknown ? (K extends keyof U ? U[K] : undefined) : never;

/** What one of several gives, as `Either`. `U`: the union of what they make. */
export type OneOf<U extends object> = Ref<U> & { readonly [K in KeysOf<U>]: Ref<At<U, K>> };

/** The value behind a reference; of anything else its own type, `number` for 0. */
export type Unref<X> = X extends Ref<infer T> ? T : Widened<X>;
type Widened<X> = X extends number ? number : X extends string ? string : X extends boolean ? boolean : X;

export function isRef(input: unknown): input is Ref<unknown> {
  return typeof input === 'object' && input !== null && source in input;
}

export function sourceOf(input: unknown): Source {
  return isRef(input) ? input[source] : { kind: 'const', value: input };
}

export function ref<T>(from: Source): Ref<T> {
  const refuse = (): never => {
    throw wiringErrors.REF_USED_AS_VALUE(undefined);
  };
  // `${ref}`, `ref + 1` and JSON.stringify(ref) would otherwise put nonsense into a flow without a word.
  const made = { [source]: from, [Symbol.toPrimitive]: refuse, toJSON: refuse };
  Object.defineProperty(made, 'toJSON', { enumerable: false });
  return made as unknown as Ref<T>; // `value` is a type only.
}

/** A reference to an object whose artifacts are read by name. Names exist only as types, so each is made when it is first read. */
export function outputs(from: Source): Ref<object> {
  return new Proxy(ref<object>(from), {
    get: (target, key): unknown =>
      typeof key === 'symbol' || key === 'toJSON' ? Reflect.get(target, key) : ref(keyed(from, key)),
  });
}

/** One artifact of what a source gives. */
function keyed(from: Source, key: string): Source {
  switch (from.kind) {
    case 'output':
    case 'state':
      return { ...from, key };
    case 'last':
      return { ...from, of: keyed(from.of, key) };
    case 'chosen':
      return { ...from, of: Object.fromEntries(Object.entries(from.of).map(([name, one]) => [name, keyed(one, key)])) };
    case 'merge':
      return { ...from, key };
    case 'const':
    case 'gather':
    case 'item':
    case 'param':
      break;
  }
  return from;
}

/** For messages: `a list`, `a value of type string`. */
export function kindOf(found: unknown): string {
  if (isRef(found)) return 'a reference';
  if (found instanceof Promise) return 'a promise';
  if (found === undefined) return 'nothing';
  return Array.isArray(found) ? 'a list' : found === null ? 'null' : `a value of type ${typeof found}`;
}
