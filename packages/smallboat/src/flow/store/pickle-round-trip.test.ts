import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainTree, storableValue } from './generated-values.ts';
import { DTYPES, NdArray } from './nd-array.ts';
import { decodePickle } from './pickle-decode.ts';
import { encodePickle } from './pickle-encode.ts';
import { differenceOf } from './same-value.ts';

const encode = (value: unknown): Buffer => Buffer.concat(encodePickle(value));
const roundTrip = (value: unknown): unknown => decodePickle(new Uint8Array(encode(value)));
const expectSame = (value: unknown): void => {
  expect(differenceOf(value, roundTrip(value))).toBe(undefined);
};

describe('what goes in comes out', () => {
  it('for anything that can be stored', () => {
    fc.assert(fc.property(storableValue, expectSame), { numRuns: 400 });
  });

  it('for integers of any size', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 3000n), max: 2n ** 3000n }), expectSame));
    for (let bits = 0; bits < 70; bits += 1) {
      for (const n of [2n ** BigInt(bits) - 1n, 2n ** BigInt(bits), 2n ** BigInt(bits) + 1n]) {
        expectSame([n, -n, Number(n), -Number(n)]);
      }
    }
  });

  it('for arrays of numbers of any type, with a shape and without', () => {
    for (const Type of Object.values(DTYPES)) {
      const data = new Type(6);
      for (let i = 0; i < 6; i += 1) Reflect.set(data, i, typeof data[0] === 'bigint' ? BigInt(i) : i);
      expectSame([
        data,
        new NdArray([6], data.slice()),
        new NdArray([2, 3], data.slice()),
        new NdArray([], data.slice(0, 1)),
      ]);
    }
  });

  it('for a view into a larger buffer, of which only the part is stored', () => {
    const whole = Float32Array.from({ length: 1000 }, (_, i) => i);
    const part = whole.subarray(500, 502);
    expect(encode(part).length).toBeLessThan(200);
    expect(roundTrip(part)).toStrictEqual(Float32Array.of(500, 501));
  });

  it('for undefined, empty places and objects without a prototype', () => {
    expectSame(undefined);
    expectSame({ a: undefined, b: [undefined, null] });
    // eslint-disable-next-line no-sparse-arrays
    expectSame([, 1, , undefined, ,]);
    expectSame(Object.assign(Object.create(null), { a: 1, ['__proto__']: 2 }));
    expectSame(JSON.parse('{"__proto__": 1, "a": {"__proto__": {"b": 2}}}'));
    expect(({} as { b?: unknown }).b).toBe(undefined);
  });

  it('for keys and members of any kind', () => {
    const list = [1];
    expectSame(new Map<unknown, unknown>([[1, 'a'], [true, 'b'], [1n, 'c'], ['1', 'd']])); // prettier-ignore
    expectSame(new Map<unknown, unknown>([[null, 1], [undefined, 2], [Number.NaN, 3]])); // prettier-ignore
    expectSame(new Map<unknown, unknown>([[{ a: 1 }, 1], [list, list], [new Date(0), 2], [new Date(0), 3]])); // prettier-ignore
    expectSame(new Map<unknown, unknown>([[1, list], [list, 2], [[list, [list]], 3]])); // prettier-ignore
    expectSame(new Set<unknown>([list, [list], new Set([list]), {}, new Float32Array(2), Symbol.iterator.description]));
    expectSame(new Map([['a', new Map([['b', new Map()]])]]));
  });

  it('for values of another realm, as those of this one', () => {
    const value: unknown = runInNewContext(
      '({ a: [1, new Map([[1, 2]]), new Set([3]), new Date(4), new Float64Array([5])] })',
    );
    const back = { a: [1, new Map([[1, 2]]), new Set([3]), new Date(4), Float64Array.of(5)] };
    expect(roundTrip(value)).toStrictEqual(back);
  });

  it('for an array over shared memory, as one of its own', () => {
    const shared = new Float64Array(new SharedArrayBuffer(16 * 3000));
    shared.fill(0.5);
    expect(roundTrip(shared)).toEqual(new Float64Array(6000).fill(0.5));
  });
});

describe('the same value', () => {
  it('gives the same bytes, also when it has been stored and loaded', () => {
    fc.assert(
      fc.property(storableValue, (value) => {
        const bytes = encode(value);
        expect(encode(value).equals(bytes)).toBe(true);
        expect(encode(decodePickle(new Uint8Array(bytes))).equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same bytes whatever the bits of a NaN', () => {
    const [odd = 0] = new Float64Array(Uint8Array.of(1, 2, 3, 4, 5, 6, 0xf8, 0xff).buffer);
    expect(encode([odd]).equals(encode([Number.NaN]))).toBe(true);
  });

  it('gives other bytes where anything differs', () => {
    fc.assert(
      fc.property(plainTree, plainTree, (one, other) => {
        expect(encode(one).equals(encode(other))).toBe(differenceOf(one, other) === undefined);
      }),
    );
  });
});

describe('an object that occurs twice', () => {
  it('is one object, wherever it is', () => {
    const shared = { a: [1] };
    const numbers = Float32Array.of(1, 2);
    const back = roundTrip([shared, shared, new Map([[1, shared]]), numbers, numbers]) as unknown[];
    expect(back[1]).toBe(back[0]);
    expect((back[2] as Map<number, unknown>).get(1)).toBe(back[0]);
    expect(back[4]).toBe(back[3]);
  });

  it('is one object inside itself', () => {
    const map = new Map<unknown, unknown>();
    const set = new Set<unknown>();
    const list: unknown[] = [map, set];
    map.set('list', list).set(map, set).set(list, map);
    set.add(set).add(list);
    const record = { list, map } as Record<string, unknown>;
    record['record'] = record;
    expectSame(record);
  });
});

describe('large values', () => {
  it('may be nested as deep as memory allows', () => {
    let deep: unknown = new Map();
    for (let i = 0; i < 40_000; i += 1) {
      const kinds = [() => [deep], () => ({ deep }), () => new Map([[1, deep]]), () => new Map([[{}, deep]])];
      deep = kinds[i % 4]?.();
    }
    expectSame(deep);
  });

  it('keep their numbers where they are: nothing is copied when they are written or read', () => {
    const numbers = new Float64Array(100_000).fill(0.5);
    const pieces = encodePickle({ a: 1, numbers, more: [numbers.subarray(1)] });
    expect(pieces.filter((piece) => piece.buffer === numbers.buffer)).toHaveLength(2);
    const pickle = new Uint8Array(Buffer.concat(pieces));
    const back = decodePickle(pickle) as { numbers: Float64Array; more: Float64Array[] };
    expect([back.numbers.buffer, back.more[0]?.buffer]).toEqual([pickle.buffer, pickle.buffer]);
    expect(back.numbers).toEqual(numbers);
  });

  it('have their numbers where they can be looked at, wherever they lie', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.integer()), (text, list) => {
        const numbers = new BigInt64Array(2048).fill(7n);
        const pickle = new Uint8Array(encode([text, list, numbers, text, new Float64Array(2049)]));
        const back = decodePickle(pickle) as [string, number[], BigInt64Array, string, Float64Array];
        expect([back[2].buffer, back[4].buffer]).toEqual([pickle.buffer, pickle.buffer]);
        expect(back[2]).toEqual(numbers);
        expect(back.slice(0, 2)).toEqual([text, list]);
      }),
      { numRuns: 30 },
    );
  });

  it('are handed on in pieces, none of which a system call or a hash could not take', () => {
    const pieces = encodePickle([new Uint8Array(2 ** 31 + 8)]);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(2 ** 31);
    const small = encodePickle(Array.from({ length: 400_000 }, (_, i) => i * 1.5));
    expect(Math.max(...small.map((piece) => piece.length))).toBeLessThan(3 << 20);
  });

  it('write a key, and a text that comes again and again, once', () => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ session: i, action: i % 2 === 0 ? 'view' : 'detail' }));
    const bytes = encode(rows).toString('latin1');
    for (const text of ['session', 'action']) expect(bytes.split(text)).toHaveLength(2);
    for (const text of ['view', 'detail']) expect(bytes.split(text).length).toBeLessThan(4);
  });
});
