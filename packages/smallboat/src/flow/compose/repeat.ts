import { type Region, type Source, isWhole } from '../definition.ts';
import { checkReach, currentDrawing, freshId, inside, isMadeIn } from './drawing.ts';
import { wiringErrors } from './errors.ts';
import { type Outputs, type Ref, type Unref, isRef, kindOf, outputs, ref, sourceOf } from './ref.ts';

/** The values that a repeat is started with: by name, or all that a step made. */
type Values<W> = W extends Ref<infer T extends object> ? T : { readonly [K in keyof W]: Unref<W[K]> };

/** What an iteration has: what the repeat was started with, then what the iteration before made. */
export type State<W> = { readonly [K in keyof Values<W>]: Ref<Values<W>[K]> };

export interface RepeatOptions<R extends object> {
  /** Decides after each iteration, from what it made, whether there is one more. */
  readonly while: (made: Outputs<R>) => Ref<boolean>;
  /** Iterations after which the run fails: a whole number, at least 1. Default 1000. */
  readonly atMost?: number;
}

/**
 * Runs a part of a flow again and again, each time with what it made before: training that goes on while it gets better, say. The body
 * runs at least once. It gives what the last iteration made; each iteration is a task of its own, and a resumed run goes on with the one
 * that it stopped in.
 *
 *     const { model } = repeat({ model: start.model, round: 0 }, (state) => improve(state), { while: (made) => made.isBetter });
 *
 * It may be started with all that a step made: `repeat(fit({ rows }), …)`.
 */
export function repeat<W extends object, R extends Values<W> & object>(
  initial: W,
  body: (state: State<W>) => Ref<R>,
  options: RepeatOptions<R>,
): Outputs<R> {
  const into = currentDrawing('repeat()', 'it repeats steps of a flow');
  const fail = (problem: string): never => {
    throw wiringErrors.REPEAT_INVALID({ problem });
  };
  const { atMost = 1000 } = options;
  if (!Number.isInteger(atMost) || atMost < 1)
    fail(`was given atMost ${String(atMost)}, which is no whole number above 0`);
  const start = isRef(initial) ? sourceOf(initial) : undefined;
  if (start && !isWhole(start)) fail('was started with one value');
  const started = start
    ? {}
    : Object.fromEntries(Object.entries(initial).map(([key, given]) => [key, sourceOf(given)]));
  for (const from of start ? [start] : Object.values(started)) checkReach(from, 'repeat()', into);
  const id = freshId('repeat', into);
  const scope = [...into.scope];
  const shared = { kind: 'repeat', id, scope, initial: started, ...(start ? { start } : {}), atMost } as const;
  const region = (result: Source, again: Source): Region => ({ ...shared, result, again });
  const unknown: Source = { kind: 'const', value: undefined };
  const place = into.regions.push(region(unknown, unknown)) - 1;
  const result = inside(into, { region: id }, () => {
    const state = start
      ? // The names of what a step makes are types only: each is made when it is first read.
        outputs({ kind: 'state', repeat: id })
      : Object.fromEntries(Object.keys(initial).map((key) => [key, ref({ kind: 'state', repeat: id, key })]));
    const made: unknown = body(state as State<W>); // Its own names.
    if (!isRef(made)) return fail(`has a body that returned ${kindOf(made)}`);
    const last = sourceOf(made);
    if (!isWhole(last)) fail('has a body that returned one value');
    if (!isMadeIn(last, id, into)) fail('has a body that returned what was made outside it');
    checkReach(last, 'The body of repeat()', into);
    const again: unknown = options.while(outputs(last) as Outputs<R>);
    if (!isRef(again)) return fail(`has a 'while' that returned ${kindOf(again)}`);
    const decides = sourceOf(again);
    if (!isMadeIn(decides, id, into)) fail(`has a 'while' that is not made in it, and would never change`);
    checkReach(decides, `The 'while' of repeat()`, into);
    into.regions[place] = region(last, decides);
    return last;
  });
  return outputs({ kind: 'last', repeat: id, of: result }) as Outputs<R>; // What the body makes.
}
