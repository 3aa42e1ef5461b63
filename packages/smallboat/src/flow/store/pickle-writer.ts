/** Bytes from which a piece is handed on as it is, without a copy, and numbers are placed for a view without a copy. */
const LARGE = 1 << 14;

/** The opcodes of protocol 4 that plain data needs, as methods. Knows nothing of what a value is. */
export interface PickleWriter {
  start(): void;
  /** Opcodes as they are, one Latin-1 character a byte. */
  op(codes: string): void;
  none(): void;
  boolean(value: boolean): void;
  /** A safe integer. */
  integer(value: number): void;
  float(value: number): void;
  bigint(value: bigint): void;
  string(value: string): void;
  bytes(value: Uint8Array): void;
  /** Pushes what Python calls `module.name`. */
  global(module: string, name: string): void;
  /** Gives the value on top a memo number, and returns it. */
  memoize(): number;
  /** Pushes the value with that memo number again. */
  get(memo: number): void;
  finish(): readonly Uint8Array[];
}

/** A writer with an empty pickle. */
export function pickleWriter(): PickleWriter {
  const pieces: Uint8Array[] = [];
  let handedOn = 0;
  let buffer = Buffer.allocUnsafe(256);
  let used = 0;
  let memos = 0;
  const globals = new Map<string, number>();

  const room = (bytes: number): void => {
    if (used + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, used + bytes));
    buffer.copy(larger, 0, 0, used);
    buffer = larger;
  };
  const byte = (value: number): void => {
    buffer[used] = value;
    used += 1;
  };
  const flush = (): void => {
    if (used === 0) return;
    pieces.push(buffer.subarray(0, used));
    handedOn += used;
    buffer = Buffer.allocUnsafe(256);
    used = 0;
  };
  const sized = (value: Uint8Array, [small, medium, large]: readonly [number, number, number]): void => {
    room(9 + 16);
    const isLarge = value.length >= LARGE;
    // Nothing pushed and popped again, of 2 or 3 bytes a time, until the bytes begin at a multiple of 8: a reader can
    // then look at numbers where they are.
    for (let pad = isLarge ? (8 - ((handedOn + used + 9) % 8)) % 8 : 0; pad > 0;) {
      if (pad === 1) pad += 8;
      const step = pad % 2 === 1 ? 3 : 2;
      if (step === 3) byte(0x4b);
      byte(step === 3 ? 0 : 0x4e);
      byte(0x30);
      pad -= step;
    }
    if (isLarge) {
      byte(large);
      used = buffer.writeBigUInt64LE(BigInt(value.length), used);
      flush();
      pieces.push(value);
      handedOn += value.length;
      return;
    }
    if (value.length < 256) {
      byte(small);
      byte(value.length);
    } else {
      byte(medium);
      used = buffer.writeUInt32LE(value.length, used);
    }
    room(value.length);
    buffer.set(value, used);
    used += value.length;
  };

  const writer: PickleWriter = {
    start: () => writer.op('\x80\x04'),
    op: (codes) => {
      room(codes.length);
      for (let i = 0; i < codes.length; i += 1) byte(codes.charCodeAt(i));
    },
    none: () => writer.op('N'),
    boolean: (value) => writer.op(value ? '\x88' : '\x89'),
    integer: (value) => {
      room(5);
      if (value >= 0 && value < 256) {
        byte(0x4b);
        byte(value);
      } else if (value >= 0 && value < 65_536) {
        byte(0x4d);
        used = buffer.writeUInt16LE(value, used);
      } else if (value === Math.trunc(value) && value >= -0x80000000 && value <= 0x7fffffff) {
        byte(0x4a);
        used = buffer.writeInt32LE(value, used);
      } else writer.bigint(BigInt(value));
    },
    float: (value) => {
      room(9);
      byte(0x47);
      used = buffer.writeDoubleBE(value, used);
    },
    bigint: (value) => {
      const bytes = twosComplement(value);
      room(5 + bytes.length);
      if (bytes.length < 256) {
        byte(0x8a);
        byte(bytes.length);
      } else {
        byte(0x8b);
        used = buffer.writeUInt32LE(bytes.length, used);
      }
      buffer.set(bytes, used);
      used += bytes.length;
    },
    string: (value) => {
      if (value.length < 64 && value.isWellFormed()) {
        room(2 + 3 * value.length);
        const length = buffer.write(value, used + 2);
        byte(0x8c);
        byte(length);
        used += length;
      } else sized(utf8(value), [0x8c, 0x58, 0x8d]);
    },
    bytes: (value) => sized(value, [0x43, 0x42, 0x8e]),
    global: (module, name) => {
      const known = globals.get(`${module} ${name}`);
      if (known !== undefined) return writer.get(known);
      writer.string(module);
      writer.string(name);
      writer.op('\x93');
      globals.set(`${module} ${name}`, writer.memoize());
    },
    memoize: () => {
      writer.op('\x94');
      memos += 1;
      return memos - 1;
    },
    get: (memo) => {
      room(5);
      if (memo < 256) {
        byte(0x68);
        byte(memo);
      } else {
        byte(0x6a);
        used = buffer.writeUInt32LE(memo, used);
      }
    },
    finish: () => {
      writer.op('.');
      flush();
      return pieces;
    },
  };
  return writer;
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

/** UTF-8, with lone surrogates as three bytes each: what Python calls `surrogatepass`, and pickle uses. */
function utf8(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const isLone = code >= 0xd800 && code <= 0xdfff;
    return isLone
      ? Buffer.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
      : Buffer.from(character);
  });
  return Buffer.concat(parts);
}
