import type { StepNode } from '../definition.ts';
import type { TaskPlace } from '../store/run-store.ts';
import type { InputSpec } from './job.ts';
import type { Index, Resolver } from './resolver.ts';

/** Where a task stands, and where what it reads is. */
export interface TaskInputs {
  readonly place: TaskPlace;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** All that is behind it was taken over from the run that is resumed. */
  readonly isCloned: boolean;
}

/** Finds the inputs of the task of a step at a place: what was handed on, and over it what was wired by name. */
export async function inputsOf(
  node: StepNode,
  index: Index,
  { resolve, around, place: placeOf }: Resolver,
): Promise<TaskInputs> {
  const [place, inputs, spread, others] = await Promise.all([
    placeOf(node.scope, index),
    Promise.all(Object.entries(node.inputs).map(async ([key, from]) => [key, await resolve(from, index)] as const)),
    node.spread ? resolve(node.spread, index) : undefined,
    Promise.all([...node.waitFor, ...around(node.scope)].map((from) => resolve(from, index))),
  ]);
  const all = [...inputs.map(([, input]) => input), ...(spread ? [spread] : []), ...others];
  const handedOn = spread?.spec.kind === 'object' ? Object.entries(spread.spec.artifacts) : [];
  return {
    place,
    inputs: Object.fromEntries([
      ...handedOn.map(([input, key]) => [input, { kind: 'artifact', key }] as const),
      ...inputs.map(([input, { spec }]) => [input, spec] as const),
    ]),
    isCloned: all.every((input) => input.isCloned),
  };
}
