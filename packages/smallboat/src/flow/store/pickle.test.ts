import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DTYPES, NdArray } from './nd-array.ts';
import { decodePickle } from './pickle-decode.ts';
import { encodePickle, pickleEncodeErrors } from './pickle-encode.ts';
import { pickleDecodeErrors } from './pickle-errors.ts';

const encode = (value: unknown): Buffer => Buffer.concat(encodePickle(value));
const roundTrip = (value: unknown): unknown => decodePickle(encode(value));
const problemOf = (value: unknown): unknown => {
  try {
    encodePickle(value);
  } catch (error) {
    return pickleEncodeErrors.VALUE_NOT_STORABLE.is(error) ? `${error.facts.path} ${error.facts.problem}` : error;
  }
  return undefined;
};

const typedArray = fc.oneof(
  fc.float32Array({ maxLength: 40 }),
  fc.float64Array({ maxLength: 40 }),
  fc.int8Array({ maxLength: 40 }),
  fc.int16Array({ maxLength: 40 }),
  fc.int32Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 400 }),
  fc.uint16Array({ maxLength: 40 }),
  fc.uint32Array({ maxLength: 40 }),
  fc.bigInt64Array({ maxLength: 40 }),
  fc.bigUint64Array({ maxLength: 40 }),
);
const scalar = fc.oneof(
  fc.constantFrom(null, true, false, -0, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 65_535, 65_536),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)) }),
  fc.bigInt().filter((n) => n > 2n ** 53n || n < -(2n ** 53n)),
  fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
  typedArray,
);
const { value: plain } = fc.letrec((again) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(again('value')),
    fc.dictionary(fc.string(), again('value'), { noNullPrototype: true }),
    fc.array(fc.tuple(fc.integer(), again('value')), { minLength: 1 }).map((pairs) => new Map(pairs)),
    fc.array(fc.oneof(fc.integer(), fc.string())).map((items) => new Set(items)),
  ),
}));

describe('what goes in comes out', () => {
  it('for any plain data', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(roundTrip(value)).toStrictEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('for integers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 3000n), max: 2n ** 3000n }), (n) => {
        const back = roundTrip(n);
        expect(typeof back === 'number' ? BigInt(back) : back).toBe(n);
      }),
    );
    for (const n of [0n, -1n, 127n, 128n, -128n, -129n, 255n, 256n, 32_768n])
      expect(roundTrip([n])).toEqual([Number(n)]);
  });

  it('for arrays of numbers of any type, with a shape and without', () => {
    for (const Type of Object.values(DTYPES)) {
      const data = new Type(6);
      for (let i = 0; i < 6; i += 1) Reflect.set(data, i, typeof data[0] === 'bigint' ? BigInt(i) : i);
      expect(roundTrip(data)).toStrictEqual(data);
      expect(roundTrip(new NdArray([2, 3], data))).toStrictEqual(new NdArray([2, 3], data));
    }
  });

  it('for a view into a larger buffer, of which only the part is stored', () => {
    const whole = Float32Array.from({ length: 1000 }, (_, i) => i);
    const part = whole.subarray(500, 502);
    expect(encode(part).length).toBeLessThan(200);
    expect(roundTrip(part)).toStrictEqual(Float32Array.of(500, 501));
  });

  it('for what is special in JavaScript: a key __proto__, keys of a Map that are no strings, undefined properties', () => {
    expect(JSON.stringify(roundTrip(JSON.parse('{"__proto__": 1, "a": {"__proto__": {"b": 2}}}')))).toBe(
      '{"__proto__":1,"a":{"__proto__":{"b":2}}}',
    );
    const mixed = new Map<unknown, unknown>([
      ['a', 1],
      [2, 'b'],
      [null, new Map([[1, 2]])],
    ]);
    expect(roundTrip([mixed, mixed])).toEqual([mixed, mixed]);
    expect(roundTrip({ a: 1, b: undefined })).toStrictEqual({ a: 1 });
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
    expect(roundTrip(new Map([['a', 1]]))).toStrictEqual({ a: 1 });
  });

  it('keeps one object that occurs twice one object', () => {
    const shared = { a: [1] };
    const numbers = Float32Array.of(1, 2);
    const back = roundTrip([shared, shared, new Map([[1, shared]]), numbers, numbers]) as unknown[];
    expect(back[1]).toBe(back[0]);
    expect((back[2] as Map<number, unknown>).get(1)).toBe(back[0]);
    expect(back[4]).toBe(back[3]);
  });
});

describe('large arrays', () => {
  it('are neither copied when written nor when read', () => {
    const numbers = new Float64Array(100_000).fill(0.5);
    const pieces = encodePickle({ a: 1, numbers, more: [numbers.subarray(1)] });
    expect(pieces.some((piece) => piece.buffer === numbers.buffer)).toBe(true);
    const pickle = new Uint8Array(Buffer.concat(pieces));
    const back = decodePickle(pickle) as { numbers: Float64Array; more: Float64Array[] };
    expect(back.numbers.buffer).toBe(pickle.buffer);
    expect(back.more[0]?.buffer).toBe(pickle.buffer);
    expect(back.numbers).toEqual(numbers);
  });
});

describe('large arrays, wherever they lie in a value', () => {
  it('are views of the pickle', () => {
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
});

describe('what is not plain data', () => {
  class Session {
    readonly id = 1;
  }
  const cycle: unknown[] = [];
  cycle.push({ again: cycle });
  it.each([
    [{ rows: [0, 1, 2, { fn: () => 1 }] }, '$.rows[3].fn is a function (fn)'],
    [{ 'a b': Symbol('x') }, '$["a b"] is a symbol'],
    [[1, undefined], '$[1] is undefined; use null'],
    [undefined, '$ is undefined; use null'],
    [[new Session()], '$[0] is an instance of Session'],
    [{ e: new Error('x') }, '$.e is an instance of Error'],
    [new Map([[1, Promise.resolve()]]), '$["1"] is an instance of Promise'],
    [
      new Map([[{}, 1]]),
      '$["[object Object] (key)"] is an object where Python needs something hashable: a string, number, boolean or null',
    ],
    [new Set([[1]]), '$[0] is an object where Python needs something hashable: a string, number, boolean or null'],
    [new Date(NaN), '$ is an invalid date'],
    [{ d: new Date('-000001-01-01') }, "$.d is of the year -1; Python's dates are of the years 1 to 9999"],
    [[new Uint8ClampedArray(1)], '$[0] is a Uint8ClampedArray; copy it into a Uint8Array or a Float32Array'],
    [new ArrayBuffer(8), '$ is an instance of ArrayBuffer'],
    [{ [Symbol('x')]: 1 }, '$ has a symbol as a key'],
    [cycle, '$[0].again contains itself'],
  ])('%# is refused by its path', (value, problem) => {
    expect(problemOf(value)).toBe(problem);
  });

  it('is a value nested too deep', () => {
    let deep: unknown[] = [];
    for (let i = 0; i < 50_000; i += 1) deep = [deep];
    expect(problemOf(deep)).toMatch(/is nested more than 1000 levels deep$/);
  });
});

describe('a pickle from elsewhere', () => {
  const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
  it('is refused where it names anything that would have to be called', () => {
    const evil = latin('\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.');
    expect(() => decodePickle(evil)).toThrow(
      expect.objectContaining({ code: 'PICKLE_TYPE_REFUSED', facts: { type: 'posix.system' } }),
    );
    expect(() => decodePickle(latin('\x80\x04\x8c\x08builtins\x8c\x04eval\x93.'))).toThrow(
      expect.objectContaining({ facts: { type: 'builtins.eval' } }),
    );
  });

  it.each([
    '\x80\x02cdatetime\ntimedelta\n(K\x01K\x00K\x00tR.',
    '\x80\x02]cnumpy\nndarray\na.',
    '\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85R\x85.',
  ])('gives no half-made thing as a value: %j', (text) => {
    expect(() => decodePickle(latin(text))).toThrow(expect.objectContaining({ code: 'PICKLE_TYPE_REFUSED' }));
  });

  it('gives an error of ours, or a value, for any bytes', () => {
    const valid = encode({
      a: [1, 2.5, 'x'],
      b: Float32Array.of(1),
      c: new Set([1]),
      d: new Date(0),
      e: new Map([[1, 2]]),
    });
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
        const copy = new Uint8Array(valid);
        copy[at] = byte;
        return copy;
      }),
      fc.nat(valid.length - 1).map((end) => valid.subarray(0, end)),
    );
    fc.assert(
      fc.property(broken, (bytes) => {
        try {
          decodePickle(bytes);
        } catch (error) {
          if (!Object.values(pickleDecodeErrors).some((kind) => kind.is(error))) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
