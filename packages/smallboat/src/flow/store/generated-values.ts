import * as fc from 'fast-check';
import { storable } from './codecs.ts';
import { DTYPES, NdArray } from './nd-array.ts';

/** For tests: a class that is stored by a codec. Its parts may be anything. */
export class Boxed {
  readonly #inside: unknown;

  constructor(inside: unknown) {
    this.#inside = inside;
  }

  get inside(): unknown {
    return this.#inside;
  }
}

storable(Boxed, { name: 'test.Boxed', pack: ({ inside }) => ({ inside }), unpack: ({ inside }) => new Boxed(inside) });

const special = fc.oneof(
  fc.constantFrom(null, undefined, true, false, '', '__proto__', '\ud800', '\udc00\ud800'),
  fc.constantFrom(-0, Number.NaN, Infinity, -Infinity, 255, 256, 65_535, 65_536, 2 ** 53, 1e300),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53 - 1, 1 - 2 ** 53),
  fc.constantFrom(0n, 1n, -1n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 63n), 2n ** 64n, 2n ** 3000n),
);

const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double());
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({ minLength: 30, maxLength: 300 }),
);
/** Dates that Python can have too. */
const date = fc.date({
  min: new Date('0001-01-01'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});

const dtype = fc.constantFrom(...Object.values(DTYPES).filter((Type) => Reflect.get(globalThis, Type.name) === Type));

/** A typed array of any type over any bits, that begins anywhere in its buffer. */
const numbers = fc.tuple(dtype, fc.nat(3), fc.uint8Array({ maxLength: 200 })).map(([Type, before, bytes]) => {
  const width = Type.BYTES_PER_ELEMENT;
  const length = Math.floor(bytes.length / width);
  const { buffer } = Uint8Array.of(...new Uint8Array(before * width), ...bytes);
  return new Type(buffer, before * width, length);
});

const ndArray = fc
  .tuple(dtype, fc.array(fc.nat(4), { maxLength: 4 }))
  .map(([Type, shape]) => new NdArray(shape, new Type(shape.reduce((a, b) => a * b, 1))));

const bytes = fc
  .uint8Array({ maxLength: 400 })
  .chain((data) =>
    fc.constantFrom<object>(
      data,
      Buffer.from(data),
      data.slice().buffer,
      new DataView(data.buffer),
      new Uint8ClampedArray(data),
    ),
  );

/** Values without others in them. */
export const scalar: fc.Arbitrary<unknown> = fc.oneof(
  special,
  number,
  text,
  fc.boolean(),
  fc.bigInt(),
  date,
  numbers,
  ndArray,
  bytes,
);

const tree = fc.letrec<{ value: unknown; keys: unknown }>((again) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(again('value')),
    fc.sparseArray(again('value'), { maxLength: 20 }),
    fc.dictionary(fc.oneof(text, fc.constant('__proto__')), again('value')),
    fc.array(fc.tuple(again('keys'), again('value'))).map((pairs) => new Map(pairs)),
    fc.array(again('keys')).map((members) => new Set(members)),
    again('value').map((inside) => new Boxed(inside)),
  ),
  keys: fc.oneof(
    { depthSize: 'small' },
    {
      weight: 6,
      arbitrary: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.boolean(), fc.bigInt({ min: -2n, max: 2n }), text),
    },
    { weight: 2, arbitrary: fc.array(again('keys'), { maxLength: 3 }) },
    { weight: 1, arbitrary: again('value') },
  ),
}));

/** Trees without references of an object to itself or from two places. */
export const plainTree: fc.Arbitrary<unknown> = tree.value;

/** Anything that can be stored, of all kinds; in lists, objects, Maps and Sets the same objects may occur again, also inside themselves. */
export const storableValue: fc.Arbitrary<unknown> = fc
  .tuple(tree.value, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }))
  .map(([value, links]) => {
    const containers: unknown[] = [];
    // A copy: what was generated is used again to find a smaller example.
    const copy = copyOf(value, containers);
    for (const [from, to] of links) {
      if (containers.length > 0) link(containers[from % containers.length], containers[to % containers.length]);
    }
    return copy;
  });

function copyOf(value: unknown, containers: unknown[]): unknown {
  const inner = (item: unknown): unknown => copyOf(item, containers);
  const kept = <T>(copy: T): T => {
    containers.push(copy);
    return copy;
  };
  if (value instanceof Boxed) return new Boxed(inner(value.inside));
  // Not `Array.from`, which fills empty places.
  if (Array.isArray(value)) return kept(value.map(inner));
  if (value instanceof Set) return kept(new Set(Array.from(value, inner)));
  if (value instanceof Map) return kept(new Map(Array.from(value, ([key, item]) => [inner(key), inner(item)])));
  if (!isRecord(value)) return value;
  const copy: Record<string, unknown> = kept(Object.create(Object.getPrototypeOf(value)));
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(copy, key, { value: inner(item), enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const parent: unknown = Object.getPrototypeOf(value);
  return parent === null || parent === Object.prototype;
}

function link(from: unknown, to: unknown): void {
  if (Array.isArray(from)) from.push(to);
  else if (from instanceof Set) from.add(to);
  else if (from instanceof Map) from.set(to, to);
  else if (isRecord(from)) from['link'] = to;
}
