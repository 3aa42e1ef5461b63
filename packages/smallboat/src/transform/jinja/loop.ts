import { equals } from './operators.ts';
import type { Arguments, Value } from './value.ts';
import { Fn, Undefined } from './value.ts';

/** The `loop` of a `for`. */
export interface Loop {
  readonly value: Fn;
  /** Moves to the item at `index`, from 0. */
  goTo(index: number): void;
}

class LoopValue extends Fn {
  private readonly read: (name: string) => Value | undefined;
  constructor(read: (name: string) => Value | undefined, again: ((given: Arguments) => Promise<Value>) | undefined) {
    super('loop', again ?? (() => new Undefined("the loop is not recursive: write 'recursive' in its for")));
    this.read = read;
  }
  override attribute(name: string): Value | undefined {
    return this.read(name);
  }
}

/** @param depth How many recursive loops around, itself included: from 1. */
export function loopOf(
  items: readonly Value[],
  depth: number,
  again: ((given: Arguments) => Promise<Value>) | undefined,
): Loop {
  let at = 0;
  let last: readonly Value[] | undefined;
  const length = items.length;
  const cycle = new Fn('cycle', ({ positional }) => positional[at % positional.length] ?? null);
  const changed = new Fn('changed', ({ positional }) => {
    const isSame = last !== undefined && equals([...last], [...positional]);
    last = positional;
    return !isSame;
  });
  const read = (name: string): Value | undefined => {
    switch (name) {
      case 'index':
        return at + 1;
      case 'index0':
        return at;
      case 'revindex':
        return length - at;
      case 'revindex0':
        return length - at - 1;
      case 'first':
        return at === 0;
      case 'last':
        return at === length - 1;
      case 'length':
        return length;
      case 'depth':
        return depth;
      case 'depth0':
        return depth - 1;
      case 'previtem':
        return items[at - 1] ?? new Undefined('there is no previous item');
      case 'nextitem':
        return items[at + 1] ?? new Undefined('there is no next item');
      case 'cycle':
        return cycle;
      case 'changed':
        return changed;
      default:
        return undefined;
    }
  };
  return { value: new LoopValue(read, again), goTo: (index) => (at = index) };
}
