import { isWhole } from '../definition.ts';
import { checkReach, currentDrawing } from './drawing.ts';
import { wiringErrors } from './errors.ts';
import { type Outputs, type Ref, isRef, kindOf, outputs, sourceOf } from './ref.ts';

type PartOf<P> =
  P extends Ref<readonly (infer E extends object)[]> ? E : P extends Ref<infer R extends object> ? R : never;
type Together<P extends readonly unknown[]> = P extends readonly [infer First, ...infer Rest]
  ? PartOf<First> & Together<Rest>
  : P extends readonly []
    ? unknown
    : P extends readonly (infer E)[]
      ? PartOf<E>
      : unknown;
type Flat<T> = { readonly [K in keyof T]: T[K] };

export interface MergeOptions<N extends string, X extends string> {
  /** Only these artifacts. */
  readonly include?: readonly N[];
  /** All artifacts but these. */
  readonly exclude?: readonly X[];
}

/**
 * The artifacts of several steps as one: of branches that come together, or of all elements of an `each`. Where two have an artifact of
 * one name it must have one content, else the run fails with `MERGE_CONFLICT`; leave it out with `exclude`, or take it from one of them.
 *
 *     const { rows, model } = merge([prepared, trained], { exclude: ['log'] });
 */
export function merge<
  const P extends readonly Ref<object>[],
  N extends keyof Together<P> & string = keyof Together<P> & string,
  X extends keyof Together<P> & string = never,
>(parts: P, options: MergeOptions<N, X> = {}): Outputs<Flat<Omit<Pick<Together<P>, N>, X>>> {
  const into = currentDrawing('merge()', 'it brings steps of a flow together');
  const fail = (problem: string): never => {
    throw wiringErrors.MERGE_INVALID({ problem });
  };
  if (!Array.isArray(parts) || parts.length === 0) fail(`was given ${kindOf(parts)}`);
  const sources = parts.map((part) => {
    const from = sourceOf(part);
    return isWhole(from) ? from : fail(`was given ${isRef(part) ? 'one value' : kindOf(part)} in its list`);
  });
  for (const from of sources) checkReach(from, 'merge()', into);
  const { include, exclude } = options;
  return outputs({
    kind: 'merge',
    parts: sources,
    ...(include ? { include } : {}),
    ...(exclude ? { exclude } : {}),
  }) as Outputs<Flat<Omit<Pick<Together<P>, N>, X>>>; // Theirs, less what is left out.
}
