import { unpack } from './codecs.ts';
import { build, globalNamed, newObject, reduce } from './pickle-globals.ts';
import { noted } from './pickle-noted.ts';
import { NOTES } from './pickle-notes.ts';
import { Part, refusedType } from './pickle-part.ts';
import { refusedOpcode } from './pickle-refused.ts';
import { PickleStack, isRecord } from './pickle-stack.ts';
import { replaceAll } from './replace-all.ts';

/**
 * The value of a Python pickle of protocol 2 to 5 that holds plain data, by `encodePickle` or by Python. Nothing is ever called but the
 * codecs of `storable`: a short list of names (numpy arrays and scalars, datetime, date, set, frozenset, OrderedDict, …) is known by what it
 * stands for, and any other is refused. Takes time and memory in proportion to the bytes, whatever they are.
 *
 * What `encodePickle` wrote comes back as it was. From Python: None → null, int → number (bigint beyond ±2^53), str → string, bytes and
 * bytearray → Uint8Array, list, tuple, named tuple, deque and range → array, dict → plain object if all keys are strings, Map otherwise, set and
 * frozenset → Set, datetime and date → Date (without a timezone it is taken as UTC; microseconds are cut to milliseconds), numpy arrays → the
 * typed array of their type, with more than one dimension `NdArray`; arrays of bools, texts, bytes, times and objects → lists.
 *
 * Arrays and bytes of 16 KiB and more are views of `pickle`, which must not change after; their `buffer` is larger than they are.
 *
 * `unpackAs` makes a value of what the codec of a name packed; default: by the codec.
 *
 * Throws `PICKLE_INVALID`; `PICKLE_TYPE_REFUSED`, which names the type; `CODEC_UNKNOWN` and `CODEC_FAILED`.
 */
export function decodePickle(pickle: Uint8Array, unpackAs: Unpack = unpack): unknown {
  return new Unpickler(pickle, unpackAs).run();
}

type Unpack = (codec: string, packed: unknown) => object;

/** What stands for an empty place until it is in its list. */
const HOLE = new Part('hole', 'an empty place outside of a list');

/** The stack machine of pickle: what its opcodes do. */
class Unpickler extends PickleStack {
  /** Classes that were named and not used yet. */
  readonly #unused = new Set<Part>();
  /** Dicts that became a Map although something refers to them already. */
  readonly #replaced = new Map<object, object>();
  readonly #unpack: Unpack;

  constructor(bytes: Uint8Array, unpackAs: Unpack) {
    super(bytes);
    this.#unpack = unpackAs;
  }

  run(): unknown {
    const input = this.input;
    for (;;) {
      const opcode = input.byte();
      switch (opcode) {
        case 0x8c: // SHORT_BINUNICODE
          this.push(input.text(input.byte()));
          break;
        case 0x68: // BINGET
          this.get(input.byte());
          break;
        case 0x6a: // LONG_BINGET
          this.get(input.uint32());
          break;
        case 0x94: // MEMOIZE
          this.memoize(this.nextMemo());
          break;
        case 0x71: // BINPUT
          this.memoize(input.byte());
          break;
        case 0x72: // LONG_BINPUT
          this.memoize(input.uint32());
          break;
        case 0x4b: // BININT1
          this.push(input.byte());
          break;
        case 0x4d: // BININT2
          this.push(input.uint16());
          break;
        case 0x4a: // BININT
          this.push(input.int32());
          break;
        case 0x47: // BINFLOAT
          this.push(input.float());
          break;
        case 0x4e:
          this.push(null);
          break;
        case 0x88:
          this.push(true);
          break;
        case 0x89:
          this.push(false);
          break;
        case 0x28: // MARK
          this.setMark();
          break;
        case 0x7d: // EMPTY_DICT
          this.push({});
          break;
        case 0x5d: // EMPTY_LIST
        case 0x29: // EMPTY_TUPLE
          this.push([]);
          break;
        case 0x75: // SETITEMS
          this.#setItems(this.mark());
          break;
        case 0x65: // APPENDS
          this.#append(this.mark());
          break;
        case 0x2e: // STOP
          return this.#result();
        default:
          this.#doScalar(opcode);
      }
    }
  }

  #doScalar(opcode: number): void {
    const input = this.input;
    switch (opcode) {
      case 0x80: // PROTO
        return input.protocol();
      case 0x95: // FRAME
        return input.skip(8);
      case 0x8a: // LONG1
        return this.push(input.long(input.byte()));
      case 0x8b: // LONG4
        return this.push(input.long(input.uint32()));
      case 0x49: // INT: protocol 0's, as are the next two; legal later.
        return this.push(input.lineOfInt());
      case 0x4c: // LONG
        return this.push(input.lineOfLong());
      case 0x46: // FLOAT
        return this.push(input.lineOfFloat());
      case 0x58: // BINUNICODE
        return this.push(input.text(input.uint32()));
      case 0x8d: // BINUNICODE8
        return this.push(input.text(input.uint64()));
      case 0x43: // SHORT_BINBYTES
        return this.push(input.content(input.byte()));
      case 0x42: // BINBYTES
        return this.push(input.content(input.uint32()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.push(input.content(input.uint64()));
      default:
        return this.#doContainer(opcode);
    }
  }

  #doContainer(opcode: number): void {
    switch (opcode) {
      case 0x30: // POP
        return this.drop();
      case 0x31: // POP_MARK
        return this.#note(this.items());
      case 0x8f: // EMPTY_SET
        return this.push(new Set());
      case 0x74: // TUPLE
        return this.#tuple(this.items());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#tuple(this.popMany(opcode - 0x84));
      case 0x6c: // LIST
        return this.push(this.items().map((item) => this.whole(item)));
      case 0x64: {
        // DICT: an empty one below what is on the stack.
        const items = this.items();
        this.push({});
        for (const item of items) this.push(item);
        return this.#setItems(this.top - items.length);
      }
      case 0x61: // APPEND
        return this.#append(this.below(1));
      case 0x73: // SETITEM
        return this.#setItems(this.below(2));
      case 0x90: // ADDITEMS
        return this.#addItems(this.mark());
      case 0x91: // FROZENSET
        return this.push(new Set(this.items().map((item) => this.whole(item))));
      default:
        return this.#doCall(opcode);
    }
  }

  #doCall(opcode: number): void {
    const input = this.input;
    switch (opcode) {
      case 0x63: // GLOBAL
        return this.#name(input.line(), input.line());
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popMany(2);
        return this.#name(module, name);
      }
      case 0x52: {
        // REDUCE
        const [callable, args] = this.popMany(2);
        return this.push(reduce(callable, args, this));
      }
      case 0x81: {
        // NEWOBJ
        const [cls, args] = this.popMany(2);
        const made = newObject(cls, args, this);
        if (cls instanceof Part) this.#unused.delete(cls);
        return this.push(made);
      }
      case 0x62: {
        // BUILD
        const [state] = this.popMany(1);
        return this.replaceTop(build(this.peek(), state, this));
      }
      default:
        throw (
          refusedOpcode(opcode, this.input) ?? this.invalid(`opcode 0x${opcode.toString(16)} is none of plain data`)
        );
    }
  }

  #tuple(items: unknown[]): void {
    if (this.hasParts && items.some((item) => this.isHalfMade(item))) this.halfMade.add(items);
    this.push(items);
  }

  /** Appends what lies on the stack from a place on to what lies below it. */
  #append(from: number): void {
    const [stack, to] = [this.stack, this.top];
    this.top = from;
    const target = this.peek();
    if (Array.isArray(target)) {
      for (let i = from; i < to; i += 1) {
        const item = stack[i];
        if (item === HOLE) target.length += 1;
        else target.push(this.hasParts ? this.whole(item) : item);
      }
    } else if (target instanceof Set) {
      for (let i = from; i < to; i += 1) target.add(this.whole(stack[i]));
    } else if (target instanceof Map) {
      for (let i = from; i < to; i += 1) {
        const pair = this.whole(stack[i]);
        if (!Array.isArray(pair) || pair.length !== 2) throw this.invalid('an item of a Map that is no pair');
        target.set(pair[0], pair[1]);
      }
    } else throw this.invalid('no list to append to');
  }

  #addItems(from: number): void {
    const to = this.top;
    this.top = from;
    const set = this.peek();
    if (!(set instanceof Set)) throw this.invalid('no set to add to');
    for (let i = from; i < to; i += 1) set.add(this.whole(this.stack[i]));
  }

  /** Sets the pairs of key and value that lie on the stack from a place on, in the dict below. */
  #setItems(from: number): void {
    const [stack, to] = [this.stack, this.top];
    this.top = from;
    const dict = this.peek();
    if ((to - from) % 2 !== 0) throw this.invalid('a key without a value');
    if (dict instanceof Map) return this.#setPairs(dict, from, to);
    if (!isRecord(dict)) throw this.invalid('no dict to set an item of');
    for (let i = from; i < to; i += 2) {
      const key = stack[i];
      const value = this.hasParts ? this.whole(stack[i + 1]) : stack[i + 1];
      if (typeof key !== 'string') return this.#setPairs(this.#toMap(dict), i, to);
      if (key === '__proto__') {
        Object.defineProperty(dict, key, { value, enumerable: true, writable: true, configurable: true });
      } else dict[key] = value;
    }
  }

  #setPairs(map: Map<unknown, unknown>, from: number, to: number): void {
    for (let i = from; i < to; i += 2) map.set(this.whole(this.stack[i]), this.whole(this.stack[i + 1]));
  }

  /** Makes the dict on top a Map, for a key that is no string. What refers to the dict already is put right at the end. */
  #toMap(dict: Readonly<Record<string, unknown>>): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>(Object.entries(dict));
    this.charge(map.size);
    if (this.referred.has(dict)) this.#replaced.set(dict, map);
    this.replaceTop(map);
    return map;
  }

  /** What lay above a mark and is taken away says what the value below it is, if it is a note. */
  #note(items: readonly unknown[]): void {
    const [note, name] = items;
    if (typeof note !== 'number' || items.length > 2) return;
    const value = this.peek();
    if (note === NOTES.hole && value === null) this.replaceTop(HOLE);
    else if (note === NOTES.packed && typeof name === 'string') this.replaceTop(this.#unpack(name, this.whole(value)));
    else this.replaceTop(noted(value, note, this));
  }

  #name(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.invalid('a name that is no text');
    const part = globalNamed(module, name);
    if (part.kind === 'class') this.#unused.add(part);
    this.push(part);
  }

  #result(): unknown {
    const value = this.whole(this.peek());
    for (const { name } of this.#unused) throw refusedType(name);
    return this.#replaced.size === 0 ? value : replaceAll(value, this.#replaced);
  }
}
