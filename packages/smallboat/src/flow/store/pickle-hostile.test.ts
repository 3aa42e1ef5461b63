import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecErrors } from './codecs.ts';
import { storableValue } from './generated-values.ts';
import { decodePickle } from './pickle-decode.ts';
import { encodePickle } from './pickle-encode.ts';
import { pickleDecodeErrors, pickleEncodeErrors } from './pickle-errors.ts';
import { differenceOf } from './same-value.ts';

const latin = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const load = (text: string): unknown => decodePickle(latin(text));
const uint32 = (n: number): string => String.fromCharCode(n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >>> 24) & 255);
const uint64 = (n: number): string => uint32(n % 2 ** 32) + uint32(Math.floor(n / 2 ** 32));
const short = (text: string): string => `\x8c${String.fromCharCode(text.length)}${text}`;
const named = (module: string, name: string): string => `${short(module)}${short(name)}\x93`;

/** The error that loading gives, if it is one of ours. */
function refusal(text: string): { readonly code: string; readonly facts: unknown } | undefined {
  try {
    load(text);
  } catch (error) {
    if (Object.values({ ...pickleDecodeErrors, ...codecErrors }).some((kind) => kind.is(error))) return error as never;
    throw error;
  }
  return undefined;
}

describe('a pickle that would run something in Python', () => {
  const PROTO = '\x80\x04';
  it.each([
    ['GLOBAL and REDUCE', '\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.', 'posix.system'],
    ['the same, in a list', '\x80\x02](cposix\nsystem\nX\x02\x00\x00\x00ls\x85Re.', 'posix.system'],
    ['the same on Windows', '\x80\x02cnt\nsystem\nX\x02\x00\x00\x00ls\x85R.', 'nt.system'],
    ['STACK_GLOBAL and REDUCE', `${PROTO}${named('os', 'system')}${short('ls')}\x85R.`, 'os.system'],
    ['a submodule of os', `${PROTO}${named('os.path', 'join')}${short('ls')}\x85R.`, 'os.path.join'],
    ['Python 2’s names', '\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.', 'builtins.eval'],
    ['eval', `${PROTO}${named('builtins', 'eval')}${short('1')}\x85R.`, 'builtins.eval'],
    ['exec', `${PROTO}${named('builtins', 'exec')}${short('1')}\x85R.`, 'builtins.exec'],
    ['__import__', `${PROTO}${named('builtins', '__import__')}${short('os')}\x85R.`, 'builtins.__import__'],
    ['a name that is only imported', `${PROTO}${named('evil', 'now')}0N.`, 'evil.now'],
    ['a name that is only kept', `${PROTO}${named('evil', 'now')}\x940N.`, 'evil.now'],
    ['a name as the value', `${PROTO}${named('evil', 'now')}.`, 'evil.now'],
    ['a name as a key', `${PROTO}}${named('evil', 'now')}Ns.`, 'evil.now'],
    [
      'getattr',
      `${PROTO}${named('builtins', 'getattr')}${named('zoneinfo', 'ZoneInfo')}${short('key')}\x86R.`,
      'zoneinfo.ZoneInfo.key',
    ],
    [
      'getattr of anything',
      `${PROTO}${named('builtins', 'getattr')}${named('evil', 'x')}${short('_unpickle')}\x86R.`,
      'evil.x._unpickle',
    ],
    ['another module’s class', `${PROTO}${named('subprocess', 'Popen')}](${short('ls')}e\x85R.`, 'subprocess.Popen'],
    ['NEWOBJ', `${PROTO}${named('subprocess', 'Popen')}${short('ls')}N\x86\x81.`, 'subprocess.Popen'],
    ['NEWOBJ of a class that takes one value', `${PROTO}${named('evil', 'Evil')}${short('ls')}\x85\x81.`, 'evil.Evil'],
    ['NEWOBJ and BUILD', `${PROTO}${named('evil', 'Evil')})\x81}${short('a')}K\x01sb.`, 'evil.Evil'],
    ['NEWOBJ_EX', `${PROTO}${named('evil', 'Evil')})}\x92.`, 'an instance of a class that is made by a call'],
    ['OBJ', `${PROTO}(${named('evil', 'Evil')}${short('ls')}o.`, 'an instance of a class that is made by a call'],
    ['INST', '\x80\x02(X\x02\x00\x00\x00lsios\nsystem\n.', 'os.system'],
    [
      'copyreg',
      `${PROTO}${named('copyreg', '_reconstructor')}${named('evil', 'Evil')}${named('builtins', 'str')}N\x87R.`,
      'copyreg._reconstructor',
    ],
    ['functools.partial', `${PROTO}${named('functools', 'partial')}${short('ls')}\x85R.`, 'functools.partial'],
    [
      'an array of another class',
      `${PROTO}${named('numpy.core.multiarray', '_reconstruct')}${named('evil', 'Evil')}K\x00\x85C\x01b\x87R.`,
      'evil.Evil',
    ],
    ['a persistent id', '\x80\x02Pevil\n.', 'a reference to something outside of it'],
    ['a persistent id from the stack', '\x80\x02X\x02\x00\x00\x00lsQ.', 'a reference to something outside of it'],
    ['an extension', '\x80\x02\x82\x01.', 'a type by a number that only its writer knows'],
    ['a buffer outside', '\x80\x05\x97.', 'a reference to a buffer outside of it'],
    ['a lookup of a name', `${PROTO}${named('pydoc', 'locate')}${short('os.system')}\x85R.`, 'pydoc.locate'],
    [
      'a call that waits',
      `${PROTO}${named('operator', 'methodcaller')}${short('system')}\x85R.`,
      'operator.methodcaller',
    ],
    [
      'a mapped call',
      `${PROTO}${named('builtins', 'map')}${named('builtins', 'str')}](${short('ls')}e\x86R.`,
      'builtins.map',
    ],
  ])('is refused: %s', (_, pickle, type) => {
    expect(refusal(pickle)).toMatchObject({ code: 'PICKLE_TYPE_REFUSED', facts: { type } });
  });

  it.each([
    ['a state of what is called', `${PROTO}${named('builtins', 'set')}}${short('__class__')}Nsb.`],
    ['a state of a list', `${PROTO}](K\x01e}${short('__class__')}Nsb.`],
    ['a call of a text', `${PROTO}${short('eval')}${short('1')}\x85R.`],
    ['a call of what was made', `${PROTO}${named('builtins', 'set')})R${short('1')}\x85R.`],
    ['what is only half an Arrow table', `${PROTO}${named('builtins', 'next')}${named('builtins', 'map')})RN\x86R.`],
    ['a name that is no text', `${PROTO}]${short('x')}\x93.`],
    ['a name that would have to be made a text', `${PROTO}}${short('toString')}Ns${short('x')}\x93.`],
    ['an element type that is no text', `${PROTO}${named('numpy', 'dtype')}}${short('toString')}Ns\x85R.`],
  ])('is refused as no pickle: %s', (_, pickle) => {
    expect(refusal(pickle)).toMatchObject({ code: 'PICKLE_INVALID' });
  });

  it.each([
    '\x80\x02cdatetime\ntimedelta\n(K\x01K\x00K\x00tR.',
    '\x80\x02]cnumpy\nndarray\na.',
    '\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85R\x85.',
    '\x80\x02cdatetime\ntimezone\n(cdatetime\ntimedelta\n)RtR.',
  ])('gives no half-made thing as a value: %j', (text) => {
    expect(refusal(text)).toMatchObject({ code: 'PICKLE_TYPE_REFUSED' });
  });

  it('can do nothing to a terminal, or fill it, with the names that it has', () => {
    const error = refusal(`${PROTO}${short('evil\u001b[2J')}X${uint32(10_000)}${'x'.repeat(10_000)}\x93.`);
    expect(error).toMatchObject({ facts: { type: expect.stringMatching(/^evil�\[2J\.x{100,200}…$/) } });
  });

  it('changes nothing that other code sees', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const value = load(`${PROTO}}${short('__proto__')}}${short('polluted')}K\x01ss.`) as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});

describe('a pickle made to fill the memory or the time', () => {
  const P = '\x80\x04';
  const list = (n: number): string => `](${'N'.repeat(n)}e\x94`;
  const copies = (call: string, n: number): string => `${P}${list(10_000)}0(${`${call}h\x00\x85R`.repeat(n)}l.`;
  const many = 20_000;
  /** An array of so many bytes, made so many times of the same. */
  const array = (
    dtype: string,
    shape: string,
    { bytes, times }: { readonly bytes: number; readonly times: number },
  ): string =>
    [
      `${P}B${uint32(bytes)}${'\x01\x00\x00\x00\x00'.repeat(bytes / 5)}\x940`,
      `${named('numpy.core.numeric', '_frombuffer')}\x940${named('numpy', 'dtype')}${short(dtype)}\x89\x88\x87R\x94`,
      `(K\x03${short('>')}NNNK\x00K\x00K\x00tb0(`,
      `h\x01(h\x00h\x02${shape}${short('C')}tR`.repeat(times),
      'l.',
    ].join('');
  it.each([
    ['a text longer than the rest', `${P}X${uint32(0xffffffff)}a.`],
    ['a text of 2^63 bytes', `${P}\x8d${uint64(2 ** 53)}a.`],
    ['bytes of 2^63', `${P}\x8e${uint64(2 ** 62)}a.`],
    ['a bytearray of 2^63', `${P}\x96${uint64(2 ** 62)}a.`],
    ['a frame of 2^63', `${P}\x95${uint64(2 ** 62)}.`],
    ['an integer of 4 GiB', `${P}\x8b${uint32(0xffffffff)}a.`],
    ['an integer of many digits', `\x80\x02L${'9'.repeat(1_000_000)}L\n.`],
    ['a list copied over and over', copies(named('builtins', 'list'), many)],
    ['a list made a set over and over', copies(named('builtins', 'frozenset'), many)],
    [
      'bytes made of a text over and over',
      `${P}X${uint32(10_000)}${'x'.repeat(10_000)}\x940(${`${named('_codecs', 'encode')}h\x00${short('latin1')}\x86R`.repeat(many)}l.`,
    ],
    [
      'an array whose bytes are turned round over and over',
      array('f8', 'M\x10\x27\x85', { bytes: 80_000, times: many }),
    ],
    ['an array of texts, over and over', array('U1', 'M\x10\x27\x85', { bytes: 40_000, times: many })],
    ['an array of very many texts of no length', array('U0', `\x8a\x05${uint32(0)}\x40\x85`, { bytes: 0, times: 1 })],
    ['an array of a trillion numbers', array('f8', `\x8a\x05${uint32(0)}\x40\x85`, { bytes: 40, times: 1 })],
    ['an array of very many dimensions', array('f8', `(${'K\x01'.repeat(100_000)}t`, { bytes: 40, times: 1 })],
    ['a range of a trillion', `${P}${named('builtins', 'range')}K\x00\x8a\x05${uint32(0)}\x40K\x01\x87R.`],
    ['many ranges', `${P}(${`${named('builtins', 'range')}K\x00J${uint32(1_000_000)}K\x01\x87R`.repeat(1000)}l.`],
  ])('is refused soon: %s', (_, pickle) => {
    const began = performance.now();
    expect(refusal(pickle)?.code).toMatch(/^PICKLE_/);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('is read like any other where it is only strange: numbers of memos, marks, depth, sharing', () => {
    expect(load(`${P}K\x07r${uint32(0xffffffff)}0j${uint32(0xffffffff)}.`)).toBe(7);
    expect(
      load(`${P}${Array.from({ length: 10_000 }, (_, i) => `K\x07r${uint32(0xffffffff - i * 300)}0`).join('')}N.`),
    ).toBe(null);
    expect(refusal(`${P}${'('.repeat(1_000_000)}`)?.code).toBe('PICKLE_INVALID');
    let deep = load(`${P}${']'.repeat(500_000)}${'a'.repeat(499_999)}.`) as unknown[];
    let depth = 1;
    for (; deep.length > 0; depth += 1) deep = deep[0] as unknown[];
    expect(depth).toBe(500_000);
    // Ten references to ten references to …: 10^100 of them, and ten lists.
    const laughs = Array.from({ length: 100 }, (_, i) => `](${`h${String.fromCharCode(i)}`.repeat(10)}e\x94`).join('');
    let laugh = load(`${P}N\x94${laughs}.`) as unknown[];
    for (let i = 0; i < 99; i += 1) {
      expect(new Set(laugh).size).toBe(1);
      laugh = laugh[0] as unknown[];
    }
  });
});

/** The same numbers in 0 to 1 for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Loads bytes that may be anything: it must be an error of ours, or a value that can be stored and loaded again. */
function attempt(bytes: Uint8Array): 'read' | 'refused' {
  let value: unknown;
  try {
    value = decodePickle(bytes);
  } catch (error) {
    if (Object.values({ ...pickleDecodeErrors, ...codecErrors }).some((kind) => kind.is(error))) return 'refused';
    throw new Error(`not an error of ours, for ${Buffer.from(bytes).toString('hex')}`, { cause: error });
  }
  try {
    const difference = differenceOf(value, decodePickle(new Uint8Array(Buffer.concat(encodePickle(value)))));
    if (difference === undefined) return 'read';
    throw new Error(`${difference} is lost, for ${Buffer.from(bytes).toString('hex')}`);
  } catch (error) {
    // Python's dates may lie outside of the years that a timezone leaves them in.
    if (pickleEncodeErrors.VALUE_NOT_STORABLE.is(error) && /is of the year/.test(error.facts.problem)) return 'read';
    throw error;
  }
}

describe('bytes that are no pickle, or no longer', () => {
  const valid = fc
    .sample(storableValue, { numRuns: 400, seed: 7 })
    .map((value) => Buffer.concat(encodePickle(value)))
    .filter(({ length }) => length < 1000);

  it('give an error of ours or a value: pickles with bytes changed, left out, put in, and taken from others', () => {
    const random = randomFrom(1);
    const below = (n: number): number => Math.floor(random() * n);
    const changes: readonly ((bytes: Buffer<ArrayBuffer>) => Buffer<ArrayBuffer>)[] = [
      (bytes) => {
        bytes[below(bytes.length)] = below(256);
        return bytes;
      },
      (bytes) => bytes.subarray(0, below(bytes.length)),
      (bytes) => {
        const at = below(bytes.length);
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(4))]);
      },
      (bytes) => {
        const at = below(bytes.length);
        return Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(Array.from({ length: 1 + below(3) }, () => below(256))),
          bytes.subarray(at),
        ]);
      },
      (bytes) => {
        const other = valid[below(valid.length)] ?? bytes;
        return Buffer.concat([bytes.subarray(0, below(bytes.length)), other.subarray(below(other.length))]);
      },
    ];
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 10_000; i += 1) {
      let bytes = Buffer.from(valid[i % valid.length] ?? []);
      for (let n = 1 + below(3); n > 0; n -= 1) bytes = changes[below(changes.length)]?.(bytes) ?? bytes;
      counts[attempt(new Uint8Array(bytes))] += 1;
    }
    expect(counts.read).toBeGreaterThan(200);
    expect(counts.refused).toBeGreaterThan(2000);
  });

  it('give an error of ours or a value: opcodes in any order', () => {
    const random = randomFrom(2);
    const below = (n: number): number => Math.floor(random() * n);
    const names =
      'builtins set,builtins frozenset,builtins list,builtins next,builtins map,builtins range,builtins getattr,collections OrderedDict,_codecs encode,' +
      'datetime datetime,datetime timezone,datetime timedelta,zoneinfo ZoneInfo,numpy dtype,numpy ndarray,numpy.core.multiarray _reconstruct,' +
      'numpy.core.multiarray scalar,numpy.core.numeric _frombuffer,__main__ ForeachFrame,metaflow.includefile IncludedFile,os system';
    const globals = names.split(',').map((name) => `c${name.replace(' ', '\n')}\n`);
    const texts = 'f4,U2,M8,b1,<,latin1,__proto__,toString,length,test.Boxed,inside,Europe/Oslo,_unpickle'
      .split(',')
      .map(short);
    const pieces = Array.from(
      'N\x88\x89]})\x8f(eu\x90\x91t\x85\x86\x87ldas012RRb\x81\x94\x93Qo\x92',
      (opcode) => () => opcode,
    );
    const withArgs: readonly (() => string)[] = [
      () => `K${String.fromCharCode(below(14))}`,
      () => `(K${String.fromCharCode(below(15))}1`,
      () => `h${String.fromCharCode(below(8))}`,
      () => `j${uint32(below(8))}`,
      () => `q${String.fromCharCode(below(12))}`,
      () => `J${uint32(below(2 ** 32))}`,
      () => globals[below(globals.length)] ?? '',
      () => texts[below(texts.length)] ?? '',
      () => `C${String.fromCharCode(8)}${Array.from({ length: 8 }, () => String.fromCharCode(below(256))).join('')}`,
      () => `G${'\x3f'.repeat(8)}`,
      () => '\x8a\x02\xff\x00',
    ];
    const all = [...pieces, ...withArgs, ...withArgs];
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 15_000; i += 1) {
      const ops = Array.from({ length: 1 + below(25) }, () => all[below(all.length)]?.() ?? '');
      counts[attempt(latin(`\x80\x04${ops.join('')}.`))] += 1;
    }
    expect(counts.read).toBeGreaterThan(200);
    expect(counts.refused).toBeGreaterThan(2000);
  });
});

it('nothing that reading a pickle loads can make code of data', async () => {
  const here = dirname(fileURLToPath(import.meta.url));
  const files = new Set([resolve(here, 'pickle-decode.ts')]);
  const packages = new Set<string>();
  for (const file of files) {
    const code = (await readFile(file, 'utf8')).replaceAll(/\/\*\*[^]*?\*\/|\/\/ .*/g, '');
    for (const [, path = ''] of code.matchAll(/(?:from|import) '([^']+)'/g)) {
      if (path.startsWith('.')) files.add(resolve(dirname(file), path));
      else packages.add(path);
    }
    const [found] =
      /\beval\b|\bFunction\(|\bimport\((?!'apache-arrow'\))|Reflect\.construct|Reflect\.apply/.exec(code) ?? [];
    expect({ file, found }).toEqual({ file });
  }
  expect(files.size).toBeGreaterThan(10);
  const able = ['vm', 'child_process', 'worker_threads', 'repl', 'inspector', 'cluster', 'module'].map(
    (name) => `node:${name}`,
  );
  // That finds one package, which is named there.
  expect(able.filter((name) => packages.has(name))).toEqual(['node:module']);
});
