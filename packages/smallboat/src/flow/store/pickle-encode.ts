import { messageOf } from '../../kernel/index.ts';
import { type AnyCodec, codecOf } from './codecs.ts';
import { pickleEncodeErrors } from './pickle-errors.ts';
import { type Frame, newFrame, pathOf } from './pickle-frame.ts';
import { writeLeaf } from './pickle-leaves.ts';
import { type Note, writeNote, writePackedNote } from './pickle-notes.ts';
import { PickleWriter } from './pickle-writer.ts';
import { areDictKeys, isComposite } from './python-keys.ts';
import { type Refusal, refusalOf, refusalOfPacked, refusalOfProperty, refusalOfSparse } from './refusal.ts';
import { kindOf, placesOf } from './value-kind.ts';

export { pickleEncodeErrors };

/** Memo number of an instance whose codec has not given all of it yet. */
const UNPACKED = -1;
/** Places above which a list must be filled to an eighth: each empty place takes bytes. */
const SPARSE = 1 << 16;

/**
 * A value as a Python pickle of protocol 4, in pieces to be written one after the other, each below 2 GiB. Large arrays and bytes are
 * not copied: their pieces are views of the caller's memory, so write them before the value changes. The same value always gives the same bytes.
 *
 * null → None, boolean → bool, safe integers → int, other numbers (and -0) → float, bigint → int, string → str, Date →
 * datetime in UTC, arrays → list, plain objects and Map → dict, Set → set, Uint8Array, Buffer, ArrayBuffer and DataView → bytes, other typed
 * arrays and `NdArray` → numpy arrays of their type, an Arrow table → `pyarrow.Table`, instances of classes that are `storable` → what their
 * codec packs. undefined → None. Where Python has no such thing (a Map whose keys it cannot hash → list of pairs, such a Set → list), it gets
 * what is nearest, and notes that Python does not see say what it was: `decodePickle` gives back the same. An object that occurs twice, or inside
 * itself, is stored once and comes back as one object. Nesting may be of any depth.
 *
 * Throws `VALUE_NOT_STORABLE`, with the path inside the value (`$.rows[3].fn`).
 */
export function encodePickle(value: unknown): readonly Uint8Array[] {
  return new Encoder().encode(value);
}

/** A class for its state. Nothing here calls itself for what is nested: a value may be deeper than the stack. */
class Encoder {
  readonly #out = new PickleWriter();
  /** Memo numbers of what was written. */
  readonly #seen = new Map<object, number>();
  /** Containers that have been begun, the outermost first; those from `#depth` on are free. */
  readonly #frames: Frame[] = [];
  #depth = 0;

  encode(value: unknown): readonly Uint8Array[] {
    this.#write(value);
    for (let frame = this.#top(); frame !== undefined; frame = this.#top()) this.#goOn(frame);
    return this.#out.finish();
  }

  #top(): Frame | undefined {
    return this.#depth === 0 ? undefined : this.#frames[this.#depth - 1];
  }

  /** Writes a value, or begins it: true where what is inside is left to be written. */
  #write(value: unknown): boolean {
    const out = this.#out;
    switch (typeof value) {
      case 'string':
        out.text(value);
        return false;
      case 'number':
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.integer(value);
        else out.float(value);
        return false;
      case 'boolean':
        out.op(value ? '\x88' : '\x89');
        return false;
      case 'bigint':
        out.bigint(value);
        if (BigInt.asIntN(54, value) === value && Number.isSafeInteger(Number(value))) writeNote(out, 'bigint');
        return false;
      case 'undefined':
        out.op('N');
        writeNote(out, 'undefined');
        return false;
      case 'object':
        if (value !== null) return this.#writeObject(value);
        out.op('N');
        return false;
      case 'function':
      case 'symbol':
        return this.#refuse(refusalOf(value));
    }
    // A type of value that JavaScript does not have yet.
    return this.#refuse(refusalOf(value));
  }

  #writeObject(value: object): boolean {
    const known = this.#seen.get(value);
    if (known !== undefined) {
      if (known === UNPACKED) return this.#refuse(refusalOfPacked(codecOf(value)?.name ?? ''));
      this.#out.get(known);
      return false;
    }
    const codec = codecOf(value);
    if (codec !== undefined) return this.#openPacked(value, codec);
    const kind = kindOf(value);
    if (kind === undefined) return this.#refuse(refusalOf(value));
    if (kind === 'record' || kind === 'bare') return this.#openRecord(value, kind);
    // The kind says what each is.
    if (kind === 'list') return this.#openList(value as readonly unknown[]);
    if (kind === 'map') return this.#openMap(value as ReadonlyMap<unknown, unknown>);
    if (kind === 'set') return this.#openSet(value as ReadonlySet<unknown>);
    const refusal = writeLeaf(this.#out, value, kind);
    if (refusal !== undefined) return this.#refuse(refusal);
    this.#seen.set(value, this.#out.memoize());
    return false;
  }

  #openList(list: readonly unknown[]): boolean {
    const places = placesOf(list);
    if (typeof places === 'object') return this.#refuse(refusalOfProperty(places.property));
    if (places === 'sparse' && list.length > SPARSE && Object.keys(list).length < list.length / 8) {
      return this.#refuse(refusalOfSparse(list));
    }
    this.#begin(list, ']');
    if (list.length === 0) return false;
    this.#out.op('(');
    this.#push(places === 'dense' ? 'list' : 'sparse', list);
    return true;
  }

  #openRecord(value: object, kind: 'record' | 'bare'): boolean {
    if (Object.getOwnPropertySymbols(value).length > 0) {
      return this.#refuse({ problem: 'has a symbol as a key', hint: 'Use strings as keys.' });
    }
    const keys = Object.keys(value);
    this.#begin(value, '}', kind === 'bare' ? 'bare' : undefined);
    if (keys.length === 0) return false;
    this.#out.op('(');
    this.#push('record', value).keys = keys;
    return true;
  }

  #openMap(map: ReadonlyMap<unknown, unknown>): boolean {
    const isDict = areDictKeys(map, (key) => !this.#seen.has(key));
    // Keys that are lists are written as tuples before anything inside the Map can write them as lists.
    if (isDict) for (const key of map.keys()) if (isComposite(key)) this.#writeKeyAhead(key);
    this.#begin(map, isDict ? '}' : ']', 'map');
    if (map.size === 0) return false;
    this.#out.op('(');
    const frame = this.#push(isDict ? 'dict' : 'pairs', map);
    frame.entries = map.entries();
    frame.part = 0;
    return true;
  }

  #openSet(set: ReadonlySet<unknown>): boolean {
    const isSet = areDictKeys(set, (key) => !this.#seen.has(key));
    this.#begin(set, isSet ? '\x8f' : ']', isSet ? undefined : 'set');
    if (set.size === 0) return false;
    this.#out.op('(');
    this.#push(isSet ? 'set' : 'items', set).entries = set.values();
    return true;
  }

  #openPacked(value: object, codec: AnyCodec): boolean {
    this.#seen.set(value, UNPACKED);
    const frame = this.#push('packed', value);
    frame.codec = codec;
    frame.part = 0;
    return true;
  }

  #begin(value: object, empty: string, note?: Note): void {
    this.#out.op(empty);
    if (note !== undefined) writeNote(this.#out, note);
    this.#seen.set(value, this.#out.memoize());
  }

  #push(kind: Frame['kind'], value: object): Frame {
    const frame = this.#frames[this.#depth] ?? newFrame(value);
    this.#frames[this.#depth] = frame;
    frame.kind = kind;
    frame.value = value;
    frame.next = 0;
    this.#depth += 1;
    return frame;
  }

  #pop(codes: string): void {
    this.#out.op(codes);
    this.#depth -= 1;
  }

  /** Writes on in a container until something is begun inside it, or its end. */
  #goOn(frame: Frame): void {
    switch (frame.kind) {
      case 'list':
      case 'sparse':
        return this.#goOnList(frame, frame.value as readonly unknown[]);
      case 'record':
        return this.#goOnRecord(frame, frame.value as Readonly<Record<string, unknown>>);
      case 'dict':
        return this.#goOnDict(frame);
      case 'pairs':
        return this.#goOnPairs(frame);
      case 'set':
      case 'items':
        return this.#goOnSet(frame);
      case 'packed':
        return this.#goOnPacked(frame);
    }
  }

  #goOnList(frame: Frame, list: readonly unknown[]): void {
    while (frame.next < list.length) {
      const item = list[frame.next];
      frame.next += 1;
      if (item === undefined && frame.kind === 'sparse' && !(frame.next - 1 in list)) {
        this.#out.op('N');
        writeNote(this.#out, 'hole');
      } else if (this.#write(item)) return;
    }
    this.#pop('e');
  }

  #goOnRecord(frame: Frame, record: Readonly<Record<string, unknown>>): void {
    const { keys, lastKeys, lastMemos } = frame;
    while (frame.next < keys.length) {
      const place = frame.next;
      const key = keys[place] ?? '';
      frame.next += 1;
      const memo = lastMemos[place] ?? -1;
      if (lastKeys[place] === key && memo >= 0) this.#out.get(memo);
      else {
        lastMemos[place] = this.#out.key(key);
        lastKeys[place] = key;
      }
      if (this.#write(record[key])) return;
    }
    this.#pop('u');
  }

  #goOnDict(frame: Frame): void {
    for (let entry = frame.entries.next(); entry.done !== true; entry = frame.entries.next()) {
      const [key, item] = entry.value as readonly [unknown, unknown];
      frame.at = key;
      this.#writeKey(key);
      if (this.#write(item)) return;
    }
    this.#pop('u');
  }

  #goOnPairs(frame: Frame): void {
    for (;;) {
      if (frame.part === 0) {
        const entry = frame.entries.next();
        if (entry.done === true) break;
        frame.at = entry.value;
        frame.part = 1;
        if (this.#write((entry.value as readonly [unknown, unknown])[0])) return;
      }
      if (frame.part === 1) {
        frame.part = 2;
        if (this.#write((frame.at as readonly [unknown, unknown])[1])) return;
      }
      this.#out.op('\x86');
      frame.part = 0;
    }
    this.#pop('e');
  }

  #goOnSet(frame: Frame): void {
    for (let entry = frame.entries.next(); entry.done !== true; entry = frame.entries.next()) {
      frame.at = entry.value;
      frame.next += 1;
      if (frame.kind === 'set') this.#writeKey(entry.value);
      else if (this.#write(entry.value)) return;
    }
    this.#pop(frame.kind === 'set' ? '\x90' : 'e');
  }

  #goOnPacked(frame: Frame): void {
    const { value, codec } = frame;
    if (codec === undefined) return;
    if (frame.part === 0) {
      frame.part = 1;
      if (this.#write(this.#pack(value, codec))) return;
    }
    writePackedNote(this.#out, codec.name);
    this.#pop('');
    this.#seen.set(value, this.#out.memoize());
  }

  #pack(value: object, { name, pack, prototype }: AnyCodec): unknown {
    let packed: unknown;
    try {
      packed = pack(value);
    } catch (cause) {
      const problem = `could not be packed by the codec '${name}': ${messageOf(cause)}`;
      this.#refuse({ problem, hint: 'Mend its `pack`.' }, cause);
    }
    if (typeof packed === 'object' && packed !== null && Object.getPrototypeOf(packed) === prototype) {
      this.#refuse(refusalOfPacked(name));
    }
    return packed;
  }

  #writeKeyAhead(key: unknown): void {
    this.#writeKey(key);
    this.#out.op('0');
  }

  /** Writes a key of a dict or a member of a set: one that `areDictKeys` knows, so not a deep one. */
  #writeKey(key: unknown): void {
    if (!isComposite(key)) {
      this.#write(key);
      return;
    }
    const known = this.#seen.get(key);
    if (known !== undefined) return this.#out.get(known);
    this.#out.op('(');
    for (const item of key) this.#writeKey(item);
    this.#out.op(Array.isArray(key) ? 't' : '\x91');
    this.#seen.set(key, this.#out.memoize());
  }

  #refuse({ problem, hint }: Refusal, cause?: unknown): never {
    const path = pathOf(this.#frames.slice(0, this.#depth));
    throw pickleEncodeErrors.VALUE_NOT_STORABLE({ path, problem, hint }, cause === undefined ? {} : { cause });
  }
}
