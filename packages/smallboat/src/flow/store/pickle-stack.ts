import { pickleDecodeErrors } from './pickle-errors.ts';
import { PickleInput } from './pickle-input.ts';
import { Part, type Reading, refusedType } from './pickle-part.ts';

/** Elements and bytes that may be copied beyond what the pickle's length allows: a few ranges. */
const ALLOWANCE = 1 << 22;

/** What the stack machine of pickle has: the bytes, the stack, the marks in it and the memo. */
export class PickleStack implements Reading {
  protected readonly input: PickleInput;
  protected readonly stack: unknown[] = [];
  /** Values on the stack; what lies above is left over. */
  protected top = 0;
  /** True once anything is on the stack that is no value by itself. */
  protected hasParts = false;
  /** Tuples that hold a part, and so are no values. */
  protected readonly halfMade = new Set<object>();
  /** Dicts that something refers to already. */
  protected readonly referred = new Set<object>();
  readonly #marks: number[] = [];
  /** The lowest place that may be popped: the last mark. */
  #floor = 0;
  readonly #memo: unknown[] = [];
  /** Memo numbers beyond the next one, which only broken or hostile pickles have. */
  readonly #farMemo = new Map<number, unknown>();
  /** For each place of the stack the memo number that something there was given last. */
  readonly #memoOfPlace: number[] = [];
  #allowance: number;

  constructor(bytes: Uint8Array) {
    this.input = new PickleInput(bytes);
    this.#allowance = ALLOWANCE + 2 * bytes.length;
  }

  protected push(value: unknown): void {
    if (value instanceof Part) this.hasParts = true;
    this.stack[this.top] = value;
    this.top += 1;
  }

  protected peek(): unknown {
    if (this.top <= this.#floor) throw this.invalid('a value is missing');
    return this.stack[this.top - 1];
  }

  /** POP: takes a value away, or a mark if it lies on top. */
  protected drop(): void {
    if (this.top > this.#floor) this.top -= 1;
    else this.mark();
  }

  /** The place that lies `count` below the top. */
  protected below(count: number): number {
    if (this.top - count < this.#floor) throw this.invalid('a value is missing');
    return this.top - count;
  }

  protected popMany(count: number): unknown[] {
    const from = this.below(count);
    const items = this.stack.slice(from, this.top);
    this.top = from;
    return items;
  }

  /** Takes the last mark away, and gives the place where it was. */
  protected mark(): number {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.invalid('a mark is missing');
    this.#floor = this.#marks.at(-1) ?? 0;
    return mark;
  }

  protected items(): unknown[] {
    const from = this.mark();
    const items = this.stack.slice(from, this.top);
    this.top = from;
    return items;
  }

  protected replaceTop(value: unknown): void {
    const place = this.top - 1;
    const memo = this.#memoOfPlace[place];
    // The number may be that of something that lay here before.
    if (memo !== undefined && this.#memo[memo] === this.stack[place]) this.#memo[memo] = value;
    this.stack[place] = value;
    if (value instanceof Part) this.hasParts = true;
  }

  protected setMark(): void {
    this.#marks.push(this.top);
    this.#floor = this.top;
  }

  /** The memo number of what is memoized next. */
  protected nextMemo(): number {
    return this.#memo.length + this.#farMemo.size;
  }

  protected memoize(memo: number): void {
    const value = this.peek();
    if (memo <= this.#memo.length) this.#memo[memo] = value;
    else this.#farMemo.set(memo, value);
    this.#memoOfPlace[this.top - 1] = memo;
  }

  protected get(memo: number): void {
    const isNear = memo < this.#memo.length;
    if (!isNear && !this.#farMemo.has(memo)) throw this.invalid(`memo ${memo} is empty`);
    const value = isNear ? this.#memo[memo] : this.#farMemo.get(memo);
    if (typeof value === 'object' && isRecord(value)) this.referred.add(value);
    this.push(value);
  }

  protected isHalfMade(value: unknown): boolean {
    return value instanceof Part || (Array.isArray(value) && this.halfMade.has(value));
  }

  /** The value itself, if it is one that may be part of the result. */
  protected whole(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !this.isHalfMade(value)) return value;
    const part: unknown = Array.isArray(value) ? value.find((item) => this.isHalfMade(item)) : value;
    if (!(part instanceof Part)) throw refusedType('a tuple of types');
    // The fields of a record are element types in tuples, and come before the array that they are of.
    const isField = part !== value && part.kind === 'dtype';
    throw refusedType(isField ? 'a numpy array of records, or an element type of numpy' : part.name);
  }

  charge(count: number): void {
    this.#allowance -= count;
    if (this.#allowance < 0) throw this.invalid('it copies more than it holds');
  }

  invalid(problem: string): Error {
    return pickleDecodeErrors.PICKLE_INVALID({ problem, offset: this.input.at });
  }
}

/** A dict that is not yet anything else. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const parent: unknown = Object.getPrototypeOf(value);
  return parent === Object.prototype || parent === null;
}
