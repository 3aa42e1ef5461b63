import { pickleDecodeErrors } from './pickle-errors.ts';

/** What a `Part` stands for. */
export type PartKind =
  | 'global'
  | 'class'
  | 'dtype'
  | 'timedelta'
  | 'timezone'
  | 'array'
  | 'object'
  | 'lazy'
  | 'arrow'
  | 'hole';

/** What Python would make by a call, taken apart: only for building the next thing, never a value by itself. */
export class Part {
  readonly kind: PartKind;
  /** What Python calls it, for messages. */
  readonly name: string;
  /** What it was made of. */
  readonly held: unknown;

  constructor(kind: PartKind, name: string, held?: unknown) {
    this.kind = kind;
    this.name = name;
    this.held = held;
  }
}

/** What those who take calls apart know of the pickle that is being read. */
export interface Reading {
  /** An error that says where in the pickle it is. */
  invalid(problem: string): Error;
  /**
   * Says that this many elements or bytes are about to be copied. A sound pickle holds what is copied out of it once; one that has the same
   * bytes copied over and over is refused before it fills the memory. Throws `PICKLE_INVALID`.
   */
  charge(count: number): void;
}

/** The error for a type that is not plain data. Its name comes from the pickle: it is cut short, and can do nothing to a terminal. */
export function refusedType(name: string): Error {
  const short = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  const type = Array.from(short, (c) => (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(c) ? '�' : c)).join('');
  return pickleDecodeErrors.PICKLE_TYPE_REFUSED({ type });
}
