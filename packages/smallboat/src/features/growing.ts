/** The typed arrays that examples are made of. */
type Kind = Uint8ArrayConstructor | Uint32ArrayConstructor | Float64ArrayConstructor;

/** A typed array that doubles when it is full. */
export class Growing<K extends Kind> {
  readonly #kind: K;
  #values: InstanceType<K>;
  length = 0;

  constructor(kind: K, capacity = 1024) {
    this.#kind = kind;
    // A constructor picked by a type parameter gives the union of all three; this names the one it is.
    this.#values = new kind(capacity) as InstanceType<K>;
  }

  push(value: number): void {
    this.reserve(1)[this.length++] = value;
  }

  /** The array with room for `more` values behind `length`; writing there and moving `length` is the caller's. */
  reserve(more: number): InstanceType<K> {
    if (this.length + more > this.#values.length) {
      const larger = new this.#kind(Math.max(this.#values.length * 2, this.length + more)) as InstanceType<K>;
      larger.set(this.#values.subarray(0, this.length));
      this.#values = larger;
    }
    return this.#values;
  }

  /** The values pushed so far, as an array of their own. */
  finish(): InstanceType<K> {
    return this.#values.slice(0, this.length) as InstanceType<K>;
  }
}
