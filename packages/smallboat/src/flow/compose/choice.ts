import { OTHERWISE, type Source, YES, isWhole } from '../definition.ts';
import { checkReach, currentDrawing, freshId, inside, nameOf } from './drawing.ts';
import { wiringErrors } from './errors.ts';
import { type Either, type OneOf, type Ref, isRef, kindOf, outputs, sourceOf } from './ref.ts';

/**
 * Runs a part of a flow where a condition holds, and another, if there is one, where it does not:
 * `when(isBig, () => trainBig({ rows }), () => trainSmall({ rows }))`. What it gives is what the part that was run made; without a second
 * part, its artifacts are undefined where the condition does not hold.
 */
export function when<A extends object, B extends object = object>(
  condition: Ref<boolean>,
  holds: () => Ref<A>,
  otherwise?: () => Ref<B>,
): Either<A, B> {
  const cases = { [YES]: holds, ...(otherwise ? { [OTHERWISE]: otherwise } : {}) };
  return choose('when()', condition, cases) as Either<A, B>; // What its cases make.
}

type Cases = Readonly<Record<string, () => Ref<object>>>;
type MadeBy<C extends Cases> = {
  readonly [K in keyof C]: ReturnType<C[K]> extends Ref<infer R extends object> ? R : never;
}[keyof C];

/** Nothing where every value has its case; else the message that the compiler shows. */
type Covered<K, C> = 'otherwise' extends keyof C
  ? unknown
  : string extends K
    ? { readonly otherwise: `match() on any text needs the case 'otherwise'.` }
    : { readonly [P in Exclude<K, keyof C> & string]: `match() has no case for '${P}'. Add it, or add 'otherwise'.` };

/**
 * Runs the part of a flow that a value names, as a `switch` does: `match(size, { small: () => …, large: () => … })`. Every value that the
 * type allows needs its case, or there is one named `otherwise`. What it gives is what the case that was run made.
 */
export function match<K extends string, C extends Cases>(on: Ref<K>, cases: C & Covered<K, C>): OneOf<MadeBy<C>> {
  return choose('match()', on, cases) as OneOf<MadeBy<C>>; // What its cases make.
}

function choose(what: 'when()' | 'match()', given: Ref<unknown>, cases: Cases): Ref<object> {
  const into = currentDrawing(what, 'it chooses between steps of a flow');
  const fail = (problem: string): never => {
    throw wiringErrors.CHOICE_INVALID({ what, problem });
  };
  if (!isRef(given)) fail(`was given ${kindOf(given)}`);
  const names = Object.keys(cases);
  if (names.length === 0) fail('has no case');
  const on = sourceOf(given);
  checkReach(on, what, into);
  const id = freshId(`${nameOf(on)}?`, into);
  const regular = names.filter((name) => name !== OTHERWISE);
  const hasOtherwise = names.length > regular.length;
  into.regions.push({
    kind: 'choice',
    id,
    on,
    cases: regular,
    hasOtherwise,
    isCondition: what === 'when()',
    scope: [...into.scope],
  });
  const of: Record<string, Source> = {};
  for (const [name, wire] of Object.entries(cases)) {
    of[name] = inside(into, { region: id, case: name }, () => {
      const made: unknown = wire();
      if (!isRef(made)) return fail(`has a case '${name}' that returned ${kindOf(made)}`);
      const last = sourceOf(made);
      if (!isWhole(last)) fail(`has a case '${name}' that returned one value`);
      checkReach(last, `Case '${name}' of ${what}`, into);
      return last;
    });
  }
  return outputs({ kind: 'chosen', choice: id, of });
}
