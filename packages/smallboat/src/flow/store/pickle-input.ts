import { pickleDecodeErrors } from './pickle-errors.ts';
import { textOf } from './pickle-text.ts';

/** Bytes from which a `bytes` value is a view of the pickle rather than a copy of its part. */
const LARGE = 1 << 14;
/** Digits that Python takes an integer of in decimal. */
const MAX_DIGITS = 4300;

/** A pickle's bytes, read from the beginning to the end. A class for its state: how far it has come. */
export class PickleInput {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = 0;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  /** How many bytes were read. */
  get at(): number {
    return this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw this.#tooShort();
    this.#at += 1;
    return value;
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A length of eight bytes. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  protocol(): void {
    const protocol = this.byte();
    if (protocol < 2 || protocol > 5) throw this.#invalid(`protocol ${protocol}`);
  }

  /** An integer of so many bytes, the sign in the highest bit. */
  long(size: number): number | bigint {
    const from = this.#take(size);
    if (size === 0) return 0;
    if (size <= 6) return this.#bytes.readIntLE(from, size);
    const hex = Buffer.from(this.#bytes.subarray(from, from + size))
      .reverse()
      .toString('hex');
    return narrow(BigInt.asIntN(size * 8, this.#big(`0x${hex}`)));
  }

  text(size: number): string {
    const from = this.#take(size);
    try {
      return textOf(this.#bytes, from, from + size);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_STRING_TOO_LONG') {
        throw this.#invalid(`a text of ${size} bytes, more than a text can have here`);
      }
      throw error;
    }
  }

  /** Bytes: large ones as a view of the pickle. */
  content(size: number): Uint8Array {
    const from = this.#take(size);
    const { buffer, byteOffset } = this.#bytes;
    const view = new Uint8Array(buffer, byteOffset + from, size);
    return size >= LARGE ? view : view.slice();
  }

  /** A text that a line's end closes. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#tooShort();
    const size = end - this.#at;
    const text = this.text(size);
    this.#at += 1;
    return text;
  }

  /** `01` and `00` are booleans. */
  lineOfInt(): boolean | number | bigint {
    const text = this.line();
    return text === '00' || text === '01' ? text === '01' : this.#integer(text);
  }

  lineOfLong(): number | bigint {
    return this.#integer(this.line().replace(/L$/, ''));
  }

  lineOfFloat(): number {
    const text = this.line();
    const value = Number(text.replace(/^(-?)inf$/, '$1Infinity').replace(/^-?nan$/, 'NaN'));
    if (Number.isNaN(value) && !/^-?nan$/.test(text)) throw this.#invalid('a float that is no number');
    return value;
  }

  #integer(text: string): number | bigint {
    if (text.length > MAX_DIGITS || !/^-?\d+$/.test(text)) throw this.#invalid('an integer that is no number');
    return narrow(this.#big(text));
  }

  #big(digits: string): bigint {
    try {
      return BigInt(digits);
    } catch (error) {
      if (error instanceof RangeError) throw this.#invalid('an integer of more digits than can be held here');
      throw error;
    }
  }

  #take(size: number): number {
    const from = this.#at;
    if (size > this.#bytes.length - from) throw this.#tooShort();
    this.#at += size;
    return from;
  }

  #tooShort(): Error {
    return this.#invalid('it ends too early');
  }

  #invalid(problem: string): Error {
    return pickleDecodeErrors.PICKLE_INVALID({ problem, offset: this.#at });
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
