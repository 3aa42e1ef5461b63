import { pickleDecodeErrors } from './pickle-errors.ts';
import { build, globalNamed, Part, reduce } from './pickle-globals.ts';

const { PICKLE_INVALID, PICKLE_TYPE_REFUSED } = pickleDecodeErrors;

/** Bytes from which a `bytes` value is a view of the pickle rather than a copy of its part. */
const LARGE = 1 << 14;

/**
 * The value of a Python pickle of protocol 2 to 5 that holds plain data, by `encodePickle` or by Python. Nothing is ever called: a
 * short list of names (numpy arrays and scalars, datetime, date, set, frozenset, OrderedDict) is known by what it stands
 * for, and any other is refused.
 *
 * None → null, int → number (bigint beyond ±2^53), str → string, bytes and bytearray → Uint8Array, list and tuple →
 * array, dict → plain object if all keys are strings, Map otherwise, set and frozenset → Set, datetime → Date (without
 * a timezone it is taken as UTC; microseconds are cut to milliseconds), numpy arrays → the typed array of their type,
 * with more than one dimension `NdArray`.
 *
 * Arrays and bytes of 16 KiB and more are views of `pickle`, which must not change after; their `buffer` is larger than
 * they are.
 *
 * Throws `PICKLE_INVALID` and `PICKLE_TYPE_REFUSED`, which names the type.
 */
export function decodePickle(pickle: Uint8Array): unknown {
  return new Unpickler(pickle).run();
}

/** The stack machine of pickle. A class for its state: the stack, the marks in it and the memo. */
class Unpickler {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #stack: unknown[] = [];
  /** For each place of the stack the memo number of what lies there, where it was memoized in that place. */
  readonly #memoOfPlace: (number | undefined)[] = [];
  readonly #marks: number[] = [];
  readonly #memo: unknown[] = [];
  /** Dicts that were pushed again from the memo: they cannot become a Map any more. */
  readonly #shared = new Set<object>();
  /** Tuples that hold a part, and so are no values. */
  readonly #halfMade = new Set<object>();

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const opcode = this.#byte();
      if (opcode === 0x2e) return this.#whole(this.#pop());
      this.#do(opcode);
    }
  }

  #do(opcode: number): void {
    const bytes = this.#bytes;
    switch (opcode) {
      case 0x80: {
        const protocol = this.#byte();
        if (protocol < 2 || protocol > 5) throw this.#invalid(`protocol ${protocol}`);
        return;
      }
      case 0x95: // FRAME
        this.#take(8);
        return;
      case 0x28: // MARK
        this.#marks.push(this.#stack.length);
        return;
      case 0x30: // POP
        this.#pop();
        return;
      case 0x31: // POP_MARK
        this.#items();
        return;
      case 0x4e:
        return this.#push(null);
      case 0x88:
        return this.#push(true);
      case 0x89:
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(this.#byte());
      case 0x4d: // BININT2
        return this.#push(bytes.readUInt16LE(this.#take(2)));
      case 0x4a: // BININT
        return this.#push(bytes.readInt32LE(this.#take(4)));
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#byte()));
      case 0x8b: // LONG4
        return this.#push(this.#long(bytes.readUInt32LE(this.#take(4))));
      case 0x49: {
        // INT: protocol 0's, still written by nobody but legal in protocol 2.
        const text = this.#line();
        return this.#push(text === '00' ? false : text === '01' ? true : this.#integer(text));
      }
      case 0x4c: // LONG
        return this.#push(this.#integer(this.#line().replace(/L$/, '')));
      case 0x46: // FLOAT
        return this.#push(Number(this.#line()));
      case 0x47: // BINFLOAT
        return this.#push(bytes.readDoubleBE(this.#take(8)));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#byte()));
      case 0x58: // BINUNICODE
        return this.#push(this.#text(bytes.readUInt32LE(this.#take(4))));
      case 0x8d: // BINUNICODE8
        return this.#push(this.#text(this.#size8()));
      case 0x43: // SHORT_BINBYTES
        return this.#push(this.#content(this.#byte()));
      case 0x42: // BINBYTES
        return this.#push(this.#content(bytes.readUInt32LE(this.#take(4))));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.#push(this.#content(this.#size8()));
      default:
        return this.#doContainer(opcode);
    }
  }

  #doContainer(opcode: number): void {
    switch (opcode) {
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return this.#push([]);
      case 0x7d: // EMPTY_DICT
        return this.#push({});
      case 0x8f: // EMPTY_SET
        return this.#push(new Set());
      case 0x74: // TUPLE
        return this.#tuple(this.#items());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#tuple(this.#popMany(opcode - 0x84));
      case 0x6c: // LIST
        return this.#push(this.#items().map((item) => this.#whole(item)));
      case 0x64: // DICT
        return this.#setItems(this.#items(), () => this.#push({}));
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#items());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#items());
      case 0x90: // ADDITEMS
        return this.#addItems(this.#items());
      case 0x91: // FROZENSET
        return this.#push(new Set(this.#items().map((item) => this.#whole(item))));
      default:
        return this.#doReference(opcode);
    }
  }

  #doReference(opcode: number): void {
    const bytes = this.#bytes;
    switch (opcode) {
      case 0x94: // MEMOIZE
        return this.#memoize(this.#memo.length);
      case 0x71: // BINPUT
        return this.#memoize(this.#byte());
      case 0x72: // LONG_BINPUT
        return this.#memoize(bytes.readUInt32LE(this.#take(4)));
      case 0x68: // BINGET
        return this.#get(this.#byte());
      case 0x6a: // LONG_BINGET
        return this.#get(bytes.readUInt32LE(this.#take(4)));
      case 0x63: // GLOBAL
        return this.#push(globalNamed(this.#line(), this.#line()));
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        return this.#push(globalNamed(String(module), String(name)));
      }
      case 0x52: {
        // REDUCE
        const [callable, args] = this.#popMany(2);
        return this.#push(reduce(callable, args, this.#at));
      }
      case 0x62: {
        // BUILD
        const state = this.#pop();
        return this.#replaceTop(build(this.#stack.at(-1), state, this.#at));
      }
      default:
        throw this.#invalid(`opcode 0x${opcode.toString(16)} is none of plain data`);
    }
  }

  #push(value: unknown): void {
    this.#memoOfPlace[this.#stack.length] = undefined;
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.#invalid('a value is missing');
    return this.#stack.pop();
  }

  #popMany(n: number): unknown[] {
    if (this.#stack.length < n) throw this.#invalid('a value is missing');
    return this.#stack.splice(this.#stack.length - n);
  }

  #items(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined || mark > this.#stack.length) throw this.#invalid('a mark is missing');
    return this.#stack.splice(mark);
  }

  #replaceTop(value: unknown): void {
    const place = this.#stack.length - 1;
    const memo = this.#memoOfPlace[place];
    if (memo !== undefined) this.#memo[memo] = value;
    this.#stack[place] = value;
  }

  #tuple(items: unknown[]): void {
    if (items.some((item) => this.#isHalfMade(item))) this.#halfMade.add(items);
    this.#push(items);
  }

  #append(items: readonly unknown[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw this.#invalid('no list to append to');
    for (const item of items) list.push(this.#whole(item));
  }

  #addItems(items: readonly unknown[]): void {
    const set = this.#stack.at(-1);
    if (!(set instanceof Set)) throw this.#invalid('no set to add to');
    for (const item of items) set.add(this.#whole(item));
  }

  #setItems(items: readonly unknown[], before?: () => void): void {
    before?.();
    if (items.length % 2 !== 0) throw this.#invalid('a key without a value');
    for (let i = 0; i < items.length; i += 2) this.#setItem(items[i], this.#whole(items[i + 1]));
  }

  #setItem(key: unknown, value: unknown): void {
    const dict = this.#stack.at(-1);
    if (dict instanceof Map) {
      dict.set(this.#whole(key), value);
    } else if (typeof dict !== 'object' || dict === null || Object.getPrototypeOf(dict) !== Object.prototype) {
      throw this.#invalid('no dict to set an item of');
    } else if (typeof key !== 'string') {
      if (this.#shared.has(dict)) throw this.#invalid('a dict without string keys inside itself');
      this.#replaceTop(new Map<unknown, unknown>([...Object.entries(dict), [this.#whole(key), value]]));
    } else if (key === '__proto__') {
      Object.defineProperty(dict, key, { value, enumerable: true, writable: true, configurable: true });
    } else {
      Reflect.set(dict, key, value);
    }
  }

  #memoize(memo: number): void {
    const place = this.#stack.length - 1;
    if (place < 0) throw this.#invalid('a value is missing');
    this.#memoOfPlace[place] = memo;
    this.#memo[memo] = this.#stack[place];
  }

  #get(memo: number): void {
    if (!(memo in this.#memo)) throw this.#invalid(`memo ${memo} is empty`);
    const value = this.#memo[memo];
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      this.#shared.add(value);
    }
    this.#push(value);
  }

  #isHalfMade(value: unknown): boolean {
    return value instanceof Part || (Array.isArray(value) && this.#halfMade.has(value));
  }

  /** The value itself, if it is one that may be part of the result. */
  #whole(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !this.#isHalfMade(value)) return value;
    const part: unknown = Array.isArray(value) ? value.find((item) => this.#isHalfMade(item)) : value;
    throw PICKLE_TYPE_REFUSED({ type: part instanceof Part ? part.name : 'a tuple of types' });
  }

  #take(size: number): number {
    const from = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) throw this.#invalid('it ends too early');
    return from;
  }

  #byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw this.#invalid('it ends too early');
    this.#at += 1;
    return value;
  }

  #size8(): number {
    const size = this.#bytes.readBigUInt64LE(this.#take(8));
    if (size > BigInt(this.#bytes.length)) throw this.#invalid('it ends too early');
    return Number(size);
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#invalid('it ends too early');
    const from = this.#take(end + 1 - this.#at);
    return this.#bytes.toString('utf8', from, end);
  }

  #integer(text: string): number | bigint {
    if (!/^-?\d+$/.test(text)) throw this.#invalid(`'${text.slice(0, 40)}' is no integer`);
    return narrow(BigInt(text));
  }

  #long(size: number): number | bigint {
    const from = this.#take(size);
    if (size === 0) return 0;
    const hex = Buffer.from(this.#bytes.subarray(from, from + size))
      .reverse()
      .toString('hex');
    return narrow(BigInt.asIntN(size * 8, BigInt(`0x${hex}`)));
  }

  #text(size: number): string {
    const from = this.#take(size);
    const text = this.#bytes.toString('utf8', from, from + size);
    return text.includes('\ufffd') ? withSurrogates(this.#bytes.subarray(from, from + size)) : text;
  }

  #content(size: number): Uint8Array {
    const from = this.#take(size);
    const { buffer, byteOffset } = this.#bytes;
    const view = new Uint8Array(buffer, byteOffset + from, size);
    return size >= LARGE ? view : view.slice();
  }

  #invalid(problem: string): Error {
    return PICKLE_INVALID({ problem, offset: this.#at });
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** UTF-8 in which lone surrogates are three bytes each, as `encodePickle` and Python write them. */
function withSurrogates(bytes: Uint8Array): string {
  const text = Buffer.from(bytes);
  let result = '';
  let from = 0;
  for (let at = text.indexOf(0xed); at >= 0; at = text.indexOf(0xed, at + 1)) {
    const second = text[at + 1] ?? 0;
    if (second < 0xa0) continue;
    result +=
      text.toString('utf8', from, at) + String.fromCharCode(0xd000 | ((second & 63) << 6) | ((text[at + 2] ?? 0) & 63));
    from = at + 3;
  }
  return result + text.toString('utf8', from);
}
