import type { AnyCodec } from './codecs.ts';

/** A container that has been begun: what is left to be written of it. Used again for the next one of its depth. */
export interface Frame {
  kind: 'list' | 'sparse' | 'record' | 'dict' | 'pairs' | 'set' | 'items' | 'packed';
  value: object;
  /** Of a list the place that comes next, of a record that of the key. */
  next: number;
  keys: readonly string[];
  /** Keys that a record of this depth had in the same places, and their memo numbers. */
  readonly lastKeys: string[];
  readonly lastMemos: number[];
  /** Of a Map or Set. */
  entries: Iterator<unknown>;
  /** The key or the member that is being written. */
  at: unknown;
  /** Of a pair, what comes next: its key, its value, its end. */
  part: 0 | 1 | 2;
  codec: AnyCodec | undefined;
}

/** A frame to be filled, of which nothing is written yet. */
export function newFrame(value: object): Frame {
  return {
    kind: 'list',
    value,
    next: 0,
    keys: [],
    lastKeys: [],
    lastMemos: [],
    entries: [].values(),
    at: undefined,
    part: 0,
    codec: undefined,
  };
}

/** Where in the value it is, from the outermost frame to the innermost: `$.rows[3].fn`. */
export function pathOf(frames: readonly Frame[]): string {
  return `$${frames.map(stepOf).join('')}`;
}

/** The part of a path that a frame stands for. */
function stepOf({ kind, next, keys, at, part }: Frame): string {
  if (kind === 'record') return stepTo(keys[next - 1]);
  if (kind === 'dict') return stepTo(at);
  if (kind === 'pairs') return part === 1 ? '[a key]' : stepTo((at as readonly unknown[])[0]);
  return kind === 'packed' ? '.pack()' : `[${next - 1}]`;
}

function stepTo(key: unknown): string {
  if (typeof key === 'string') return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  return typeof key === 'object' && key !== null ? '[an object]' : `[${String(key)}]`;
}
