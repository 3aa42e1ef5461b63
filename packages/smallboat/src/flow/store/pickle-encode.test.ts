import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { encodePickle } from './pickle-encode.ts';
import { pickleEncodeErrors } from './pickle-errors.ts';

class Session {
  readonly id = 1;
}
class Rows extends Array<number> {}

/** What is said of a value that cannot be stored. */
function refusal(
  value: unknown,
): { readonly path: string; readonly problem: string; readonly hint: string } | undefined {
  try {
    encodePickle(value);
  } catch (error) {
    if (pickleEncodeErrors.VALUE_NOT_STORABLE.is(error)) return error.facts;
    throw error;
  }
  return undefined;
}

const bare: unknown = Object.create(Object.create(null) as object);

it.each([
  [
    { rows: [0, 1, 2, { fn: () => 1 }] },
    '$.rows[3].fn',
    'is a function (fn)',
    'import the function where it is called',
  ],
  [{ 'a b': Symbol('x') }, '$["a b"]', 'is a symbol', 'Use a string'],
  [
    [new Session()],
    '$[0]',
    'is an instance of Session',
    'or register the class: storable(Session, { name, pack, unpack }).',
  ],
  [
    new (class {
      readonly id = 1;
    })(),
    '$',
    'is an instance of a class without a name',
    'Return its data as a plain object',
  ],
  [bare, '$', 'is an instance of a class without a name', 'Return its data as a plain object'],
  [Rows.of(1), '$', 'is an instance of Rows', 'Return its data as a plain object'],
  [{ e: new Error('x') }, '$.e', 'is an instance of Error', 'Return its message and its stack'],
  [new Map([[1, Promise.resolve()]]), '$[1]', 'is an instance of Promise', 'Await it first'],
  [new Map([['a', { b: [Promise.resolve()] }]]), '$.a.b[0]', 'is an instance of Promise', 'Await it first'],
  [new Map([[{ a: () => 1 }, 1]]), '$[a key].a', 'is a function (a)', 'Return the data'],
  [new Map([[{}, () => 1]]), '$[an object]', 'is a function', 'Return the data'],
  [new Set([[1], [() => 1]]), '$[1][0]', 'is a function', 'Return the data'],
  [[new Date(Number.NaN)], '$[0]', 'is an invalid date', 'Return null in its place'],
  [
    { d: new Date('-000001-01-01') },
    '$.d',
    "is of the year -1; Python's dates are of the years 1 to 9999",
    'getTime()',
  ],
  [
    { d: new Date('+010000-01-01') },
    '$.d',
    "is of the year 10000; Python's dates are of the years 1 to 9999",
    'getTime()',
  ],
  [{ [Symbol('x')]: 1 }, '$', 'has a symbol as a key', 'Use strings as keys'],
  [[/x/.exec('x')], '$[0]', 'is a list that has the property "groups" beside its items', 'Return both as one object'],
  [
    Object.assign([1, 2], { columns: 3 }),
    '$',
    'is a list that has the property "columns" beside its items',
    'Return both',
  ],
  [Object.assign([1], { '1e3': 3 }), '$', 'is a list that has the property "1e3" beside its items', 'Return both'],
  [Object.assign([], { [2 ** 31]: 1 }), '$', 'is a list of 2147483649 places of which 1 are filled', 'Return a Map'],
  [new URL('http://x'), '$', 'is an instance of URL', 'Return its `href`'],
  [/x/, '$', 'is an instance of RegExp', 'Return its `source` and `flags`'],
  [Object('x'), '$', 'is an instance of String', 'Return its `valueOf()`'],
  [new WeakMap(), '$', 'is an instance of WeakMap', 'Return a Map'],
  [new SharedArrayBuffer(8), '$', 'is an instance of SharedArrayBuffer', 'Return a copy that is not shared'],
  [new Map().keys(), '$', 'is an instance of Iterator', '[...it]'],
  [
    (function* generate() {
      yield 1;
    })(),
    '$',
    /^is an instance of (?:Iterator|Generator)/,
    '[...it]',
  ],
  [createServer(), '$', 'is an instance of Server', 'Return its data'],
  [Object.create(Map.prototype), '$', 'is an instance of Map', 'Return its data'],
])('what cannot be stored is refused by its path, with what to return instead: %#', (value, path, problem, hint) => {
  const said = refusal(value);
  expect(said).toMatchObject({ path, hint: expect.stringContaining(hint) });
  if (typeof problem === 'string') expect(said?.problem).toBe(problem);
  else expect(said?.problem).toMatch(problem);
});

it.each([
  [new Set([1, 'x']), true],
  [new Set([[1], ['x']]), true],
  [[1, true], true],
  [new Set([1, true]), false],
  [[new Set([1, true])], false],
])('a member of a Set is one of a Python set only where Python would keep all of it: %o', (member, isHashed) => {
  const FROZENSET = 0x91;
  const TUPLE = 0x74;
  const expected = Array.isArray(member) ? TUPLE : FROZENSET;
  const pickle = Buffer.concat(encodePickle(new Set([member])));
  expect(pickle.includes(expected)).toBe(isHashed);
});

describe('what is said', () => {
  it('is one sentence of what is wrong, and one of what to do', () => {
    expect(() => encodePickle({ model: { predict: () => 1 } })).toThrow(
      '$.model.predict is a function (predict). Return the data that it works on, and import the function where it is called.',
    );
  });

  it('is said of a value that is nested deep, too', () => {
    let deep: unknown = () => 1;
    for (let i = 0; i < 50_000; i += 1) deep = [deep];
    expect(refusal(deep)?.path).toBe(`$${'[0]'.repeat(50_000)}`);
  });
});
