import { utf8Of, writeUtf8 } from './pickle-text.ts';

/** Bytes from which a piece is handed on as it is, without a copy, and numbers are placed for a view without a copy. */
const LARGE = 1 << 14;
/** The most bytes of one piece: calls to the system and to hashes take less than 2 GiB. */
const MOST = 1 << 30;
/** Bytes of a chunk when it is first full, and the most it grows to. */
const FIRST = 256;
const LAST = 1 << 20;
/** The longest text, in UTF-16 units, that is looked up among those just written: keys, categories, ids. */
const SHORT = 40;
/** Texts that are remembered, a power of 2. */
const REMEMBERED = 1024;

/**
 * The opcodes of pickle's protocol 4 that plain data needs, as methods. Knows nothing of what a value is. The same calls give the same bytes.
 *
 * A class for its state: the chunk that is being filled and the memo numbers given.
 */
export class PickleWriter {
  readonly #pieces: Uint8Array[] = [];
  /** Bytes in `#pieces`. */
  #handedOn = 0;
  #chunk = Buffer.allocUnsafeSlow(FIRST);
  #view = viewOf(this.#chunk);
  #at = 0;
  #memos = 0;
  /** Names and element types that were written, with their memo numbers. */
  readonly #known = new Map<string, number>();
  /** Short texts written lately, each in the place that its characters say, with their memo numbers. */
  readonly #texts: (string | undefined)[] = [];
  readonly #textMemos: number[] = [];

  constructor() {
    this.op('\x80\x04');
  }

  /** Opcodes as they are, one Latin-1 character a byte. */
  op(codes: string): void {
    this.#room(codes.length);
    for (let i = 0; i < codes.length; i += 1) this.#byte(codes.charCodeAt(i));
  }

  /** A safe integer. */
  integer(value: number): void {
    this.#room(10);
    if (value >= 0 && value < 256) {
      this.#byte(0x4b);
      this.#byte(value);
    } else if (value >= 0 && value < 65_536) {
      this.#byte(0x4d);
      this.#byte(value & 255);
      this.#byte(value >> 8);
    } else if (value === (value | 0)) {
      this.#byte(0x4a);
      this.#view.setInt32(this.#at, value, true);
      this.#at += 4;
    } else this.#longInteger(value);
  }

  float(value: number): void {
    this.#room(9);
    this.#byte(0x47);
    // One NaN, whatever bits the machine has for this one: the same value, the same bytes.
    this.#view.setFloat64(this.#at, Number.isNaN(value) ? Number.NaN : value);
    this.#at += 8;
  }

  bigint(value: bigint): void {
    const bytes = twosComplement(value);
    this.#room(5 + bytes.length);
    this.#sized(0x8a, 0x8b, bytes.length);
    this.#chunk.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Pushes a text. A short one that is written again soon gets a memo number, and from then on is a reference. */
  text(value: string): void {
    if (value.length > SHORT) this.#longText(value);
    else this.#shortText(value, false);
  }

  /** Pushes a text that is probably written again, like a key. Returns its memo number; -1 if it is too long to have one. */
  key(value: string): number {
    if (value.length <= SHORT) return this.#shortText(value, true);
    this.#longText(value);
    return -1;
  }

  #shortText(value: string, isKey: boolean): number {
    const { length } = value;
    this.#room(2 + 3 * length);
    const chunk = this.#chunk;
    const start = this.#at + 2;
    let at = start;
    let hash = length;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      hash = (hash * 31 + code) | 0;
      if (code < 0x80) chunk[at++] = code;
      else {
        // Rare enough to begin again.
        at = start + writeUtf8(value, chunk, start);
        for (i += 1; i < length; i += 1) hash = (hash * 31 + value.charCodeAt(i)) | 0;
      }
    }
    const place = (hash ^ (hash >>> 10)) & (REMEMBERED - 1);
    const isAgain = this.#texts[place] === value;
    const known = isAgain ? (this.#textMemos[place] ?? -1) : -1;
    if (known >= 0) {
      this.get(known);
      return known;
    }
    this.#byte(0x8c);
    this.#byte(at - start);
    this.#at = at;
    const memo = isAgain || isKey ? this.memoize() : -1;
    this.#texts[place] = value;
    this.#textMemos[place] = memo;
    return memo;
  }

  #longText(value: string): void {
    const bytes = utf8Of(value);
    this.#room(5);
    this.#sized(0x8c, 0x58, bytes.length);
    this.#content(bytes);
  }

  /** Bytes; from 16 KiB on they are not copied, and begin at a multiple of 8: a reader can look at numbers where they are. */
  bytes(value: Uint8Array): void {
    const { length } = value;
    if (length < LARGE) {
      this.#room(5);
      this.#sized(0x43, 0x42, length);
    } else {
      this.#pad();
      this.#byte(0x8e);
      this.#view.setBigUint64(this.#at, BigInt(length), true);
      this.#at += 8;
    }
    this.#content(value);
  }

  /** Pushes what Python calls `module.name`. */
  global(module: string, name: string): void {
    const path = `${module} ${name}`;
    if (this.recall(path)) return;
    this.key(module);
    this.text(name);
    this.op('\x93');
    this.remember(path);
  }

  /** Pushes again what was remembered under a name; false if nothing was. */
  recall(name: string): boolean {
    const memo = this.#known.get(name);
    if (memo === undefined) return false;
    this.get(memo);
    return true;
  }

  /** Remembers the value on top under a name. */
  remember(name: string): void {
    this.#known.set(name, this.memoize());
  }

  /** Gives the value on top a memo number, and returns it. */
  memoize(): number {
    this.#room(1);
    this.#byte(0x94);
    this.#memos += 1;
    return this.#memos - 1;
  }

  /** Pushes the value with that memo number again. */
  get(memo: number): void {
    this.#room(5);
    if (memo < 256) {
      this.#byte(0x68);
      this.#byte(memo);
    } else {
      this.#byte(0x6a);
      this.#view.setUint32(this.#at, memo, true);
      this.#at += 4;
    }
  }

  /** The pickle, in pieces to be written one after the other. */
  finish(): readonly Uint8Array[] {
    this.op('.');
    this.#flush(0);
    return this.#pieces;
  }

  #byte(value: number): void {
    this.#chunk[this.#at] = value;
    this.#at += 1;
  }

  /** The opcode for up to 255 bytes or the one for more, and the length. */
  #sized(short: number, long: number, length: number): void {
    if (length < 256) {
      this.#byte(short);
      this.#byte(length);
      return;
    }
    this.#byte(long);
    this.#view.setUint32(this.#at, length, true);
    this.#at += 4;
  }

  #content(value: Uint8Array): void {
    const { length } = value;
    if (length < LARGE) {
      this.#room(length);
      this.#chunk.set(value, this.#at);
      this.#at += length;
      return;
    }
    this.#flush(FIRST);
    for (let from = 0; from < length; from += MOST) this.#hand(value.subarray(from, from + MOST));
  }

  /** An integer beyond 32 bits, as few bytes as will do. */
  #longInteger(value: number): void {
    const low = (value % 0x1_0000_0000) >>> 0;
    const high = Math.floor(value / 0x1_0000_0000);
    this.#byte(0x8a);
    const size = this.#at;
    this.#at += 1;
    this.#view.setUint32(this.#at, low, true);
    this.#view.setInt32(this.#at + 4, high, true);
    let length = 8;
    const sign = value < 0 ? 255 : 0;
    const end = (): number => this.#chunk[size + length] ?? 0;
    while (length > 1 && end() === sign && ((this.#chunk[size + length - 1] ?? 0) & 128) === (sign & 128)) length -= 1;
    this.#chunk[size] = length;
    this.#at += length;
  }

  /** Nothing pushed and popped again, of 2 or 3 bytes a time, until the bytes that follow 9 bytes on begin at a multiple of 8. */
  #pad(): void {
    this.#room(25);
    let pad = (8 - ((this.#handedOn + this.#at + 9) % 8)) % 8;
    if (pad === 1) pad += 8;
    for (; pad % 2 === 1; pad -= 3) {
      this.#byte(0x4b);
      this.#byte(0);
      this.#byte(0x30);
    }
    for (; pad > 0; pad -= 2) {
      this.#byte(0x4e);
      this.#byte(0x30);
    }
  }

  #room(bytes: number): void {
    if (this.#at + bytes > this.#chunk.length) this.#grow(bytes);
  }

  /** Small pickles stay in one piece; large ones are handed on chunk by chunk. */
  #grow(bytes: number): void {
    const { length } = this.#chunk;
    if (length >= LAST) return this.#flush(Math.max(LAST, bytes));
    const larger = Buffer.allocUnsafeSlow(Math.max(length * 4, this.#at + bytes));
    larger.set(this.#chunk.subarray(0, this.#at));
    this.#chunk = larger;
    this.#view = viewOf(larger);
  }

  #flush(next: number): void {
    if (this.#at > 0) this.#hand(this.#chunk.subarray(0, this.#at));
    this.#chunk = Buffer.allocUnsafeSlow(next);
    this.#view = viewOf(this.#chunk);
    this.#at = 0;
  }

  #hand(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#handedOn += piece.length;
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Little-endian bytes of an integer, the sign in the highest bit, as few as will do; none for 0. */
function twosComplement(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const magnitude = value < 0n ? -value - 1n : value;
  const hex = magnitude.toString(16);
  // One bit more than the magnitude has, for the sign.
  const bits = (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16))) + 1;
  const length = Math.max(1, Math.ceil(bits / 8));
  const digits = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  return Buffer.from(digits, 'hex').reverse();
}
