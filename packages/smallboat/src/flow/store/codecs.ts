import { defineErrors, messageOf } from '../../kernel/index.ts';

export const codecErrors = defineErrors({
  CODEC_NAME_TAKEN: (f: { name: string; class: string }) =>
    `Another class than ${f.class} is stored under the name '${f.name}'. Names say in the store what a value is: choose another, like 'shop.${f.class}'.`,
  CODEC_UNKNOWN: (f: { name: string }) =>
    `The artifact holds a '${f.name}', and nothing here says how to unpack one. Import the module that calls storable(…, { name: '${f.name}' }) first.`,
  CODEC_FAILED: (f: { name: string; problem: string }) =>
    `The codec '${f.name}' could not unpack what it packed: ${f.problem}. Can its \`unpack\` still read what older versions packed?`,
});

/** How instances of a class are stored: as plain data, packed and unpacked by your own code. */
export interface Codec<V extends object, P> {
  /** Says in the store what a value is, and so never changes: `shop.Money`. */
  readonly name: string;
  /** All of the instance as a value that can be stored; instances of other registered classes may be in it. */
  readonly pack: (value: V) => P;
  /** The instance again, from what `pack` gave, perhaps in an older version of the code. Must give an instance of the class itself. */
  readonly unpack: (packed: P) => V;
}

/** A codec as the store calls it. */
export interface AnyCodec {
  readonly name: string;
  readonly pack: (value: object) => unknown;
  readonly unpack: (packed: unknown) => unknown;
  readonly prototype: unknown;
}

const byPrototype = new Map<unknown, AnyCodec>();
const byName = new Map<string, AnyCodec>();

/**
 * Lets instances of a class be artifacts, or lie in them. Call it beside the class: whatever stores or loads one must have imported that.
 * Python sees what `pack` gives. Subclasses are not meant: register each that is stored.
 *
 *     storable(Money, { name: 'shop.Money', pack: ({ cents }) => ({ cents }), unpack: ({ cents }) => new Money(cents) });
 *     declare module 'smallboat/flow' { interface StorableClasses { money: Money } }
 *
 * The second line tells the compiler. Nothing that a stored artifact names is ever called but what was registered so.
 *
 * Throws `CODEC_NAME_TAKEN`.
 */
export function storable<V extends object, P>(
  Class: abstract new (...args: never) => V,
  { name, pack, unpack }: Codec<V, P>,
): void {
  const prototype: unknown = Class.prototype;
  const known = byName.get(name);
  if (known !== undefined && known.prototype !== prototype) {
    throw codecErrors.CODEC_NAME_TAKEN({ name, class: Class.name });
  }
  // Called only with instances of the class, and with what was packed under the name.
  const codec: AnyCodec = { name, pack: pack as AnyCodec['pack'], unpack: unpack as AnyCodec['unpack'], prototype };
  byPrototype.set(prototype, codec);
  byName.set(name, codec);
}

/** The codec of an object's class. */
export function codecOf(value: object): AnyCodec | undefined {
  return byPrototype.size === 0 ? undefined : byPrototype.get(Object.getPrototypeOf(value));
}

/** The instance that was packed under a name. Throws `CODEC_UNKNOWN`, `CODEC_FAILED`. */
export function unpack(name: string, packed: unknown): object {
  const codec = byName.get(name);
  if (codec === undefined) throw codecErrors.CODEC_UNKNOWN({ name });
  let value: unknown;
  try {
    value = codec.unpack(packed);
  } catch (cause) {
    throw codecErrors.CODEC_FAILED({ name, problem: messageOf(cause) }, { cause });
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === codec.prototype) return value;
  throw codecErrors.CODEC_FAILED({ name, problem: 'it gave something else than an instance of the class' });
}
