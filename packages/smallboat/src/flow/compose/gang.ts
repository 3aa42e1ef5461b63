import { checkReach, currentDrawing, freshId, inside, isMadeIn, nameOf } from './drawing.ts';
import { wiringErrors } from './errors.ts';
import { type Ref, kindOf, ref, sourceOf } from './ref.ts';

/**
 * Wires one step that runs as `count` tasks at the same time, which may talk to each other: `context.gang` tells each its number, how many there
 * are, and the address of the first. The result is the list of what they made, by their numbers. If one fails, all of them do, and `retry` begins
 * all of them again.
 *
 *     const shards = gang(4, () => fit({ examples }));
 *
 * Throws the `wiringErrors`.
 */
export function gang<R>(count: Ref<number> | number, body: () => Ref<R>): Ref<readonly R[]> {
  const into = currentDrawing('gang()', 'it runs a step of a flow as several tasks at once');
  const over = sourceOf(count);
  const invalid = (problem: string): Error => wiringErrors.GANG_INVALID({ problem });
  if (over.kind === 'const' && !isCount(over.value)) {
    const found = typeof over.value === 'number' ? String(over.value) : kindOf(over.value);
    throw invalid(`was given ${found} as its number of tasks`);
  }
  checkReach(over, 'gang()', into);
  const id = freshId(over.kind === 'const' ? 'gang' : nameOf(over), into);
  into.regions.push({ kind: 'each', id, over, isGang: true, scope: [...into.scope] });
  const [steps, regions] = [into.steps.length, into.regions.length];
  const of = inside(into, { region: id }, () => {
    const last = sourceOf(body());
    const isOneStep = into.steps.length === steps + 1 && into.regions.length === regions;
    if (!isOneStep) throw invalid('has more in it than one step, or nothing');
    if (!isMadeIn(last, id, into)) throw invalid('does not return what its step makes');
    checkReach(last, `The result of gang() '${id}'`, into);
    return last;
  });
  return ref({ kind: 'gather', each: id, of });
}

/** Whether a value is a number of tasks. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}
