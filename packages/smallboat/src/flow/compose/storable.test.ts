import { expectTypeOf, it } from 'vitest';
import type { Storable } from './storable.ts';

it('keeps the type of what can be stored', () => {
  interface Kept {
    readonly map: Map<number, { readonly sku: string }>;
    readonly set: Set<string>;
    readonly view: ReadonlyMap<string, Date>;
    readonly numbers: Float32Array;
    readonly nothing: undefined;
  }
  expectTypeOf<Storable<Kept>>().toEqualTypeOf<Kept>();
});

it('refuses what cannot', () => {
  expectTypeOf<Storable<{ a: WeakMap<object, number> }>['a']>().toExtend<`Artifact 'a' cannot be stored: ${string}`>();
  expectTypeOf<Storable<{ a: WeakSet<object> }>['a']>().toExtend<`Artifact 'a' cannot be stored: ${string}`>();
  expectTypeOf<Storable<{ a: Promise<1> }>['a']>().toExtend<`Artifact 'a' cannot be stored: ${string}`>();
});
