import { checkReach, currentDrawing, freshId, inside, isMadeIn, nameOf } from './drawing.ts';
import { wiringErrors } from './errors.ts';
import { type Ref, kindOf, ref, sourceOf } from './ref.ts';

/**
 * Wires `body` once for each element of `list`; the result is the list of what each run made, in the list's order. A list may be empty.
 * Throws the `wiringErrors`.
 */
export function each<T, R>(list: Ref<readonly T[]> | readonly T[], body: (item: Ref<T>) => Ref<R>): Ref<readonly R[]> {
  const into = currentDrawing('each()', 'it fans out steps of a flow');
  const over = sourceOf(list);
  if (over.kind === 'const' && !Array.isArray(over.value)) {
    throw wiringErrors.EACH_NOT_A_LIST({ found: kindOf(over.value) });
  }
  checkReach(over, 'each()', into);
  const id = freshId(nameOf(over), into);
  into.regions.push({ kind: 'each', id, over, scope: [...into.scope] });
  const of = inside(into, { region: id }, () => {
    const last = sourceOf(body(ref<T>({ kind: 'item', each: id })));
    if (!isMadeIn(last, id, into)) throw wiringErrors.EACH_RESULT_INVALID({ each: id });
    checkReach(last, `The result of each() over '${id}'`, into);
    return last;
  });
  return ref({ kind: 'gather', each: id, of });
}
