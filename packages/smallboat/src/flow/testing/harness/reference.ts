import {
  type Arg,
  AT_MOST,
  type Block,
  type Key,
  type Made,
  type Spec,
  type Statement,
  caught,
  compute,
} from './spec.ts';

/** What a run of a spec must come to: what each task made, by name, and how many attempts it took. */
export interface Expected {
  readonly tasks: ReadonlyMap<string, { readonly made: Made; readonly attempts: number }>;
  /** The flow's result; undefined where it fails. */
  readonly result: unknown;
  /** How it fails, if it does: a step that failed for good, or an error of the engine. */
  readonly failure?: 'step' | 'MERGE_CONFLICT' | 'REPEAT_TOO_LONG';
}

/** Ends the interpretation where a run would fail. */
class Failing extends Error {
  readonly how: NonNullable<Expected['failure']>;
  constructor(how: NonNullable<Expected['failure']>) {
    super(how);
    this.how = how;
  }
}

/** Interprets a spec: no graph, no store, no tasks; one statement after the other. */
export function interpret(spec: Spec, seed: number): Expected {
  const tasks = new Map<string, { readonly made: Made; readonly attempts: number }>();
  const world: World = { spec, tasks, seed };
  try {
    return { tasks, result: whole(runBlock(world, spec.block, new Map(), [])) };
  } catch (error) {
    if (!(error instanceof Failing)) throw error;
    return { tasks, result: undefined, failure: error.how };
  }
}

interface World {
  readonly spec: Spec;
  readonly tasks: Map<string, { readonly made: Made; readonly attempts: number }>;
  readonly seed: number;
}

type Values = ReadonlyMap<string, unknown>;

function runBlock(world: World, { body, gives }: Block, outer: Values, index: readonly number[]): unknown {
  const values = new Map(outer);
  for (const statement of body) values.set(statement.id, run(world, statement, { values, index }));
  return values.get(gives);
}

interface Where {
  readonly values: Values;
  readonly index: readonly number[];
}

function run(world: World, statement: Statement, { values, index }: Where): unknown {
  const read = (arg: Arg): unknown => valueOf(world, arg, values);
  switch (statement.do) {
    case 'step':
      return runStep(world, statement.id, { inputs: statement.reads.map(read), index });
    case 'each':
      return (read(statement.over) as readonly unknown[]).map((item, i) =>
        runBlock(world, statement.block, new Map([...values, [`item ${statement.id}`, item]]), [...index, i]),
      );
    case 'gang':
      return Array.from({ length: read(statement.count) as number }, (_, i) =>
        runBlock(world, statement.block, values, [...index, i]),
      );
    case 'when': {
      const taken = read(statement.on) === true ? statement.yes : statement.no;
      return taken && runBlock(world, taken, values, index);
    }
    case 'match': {
      const taken = statement.cases[String(read(statement.on))] ?? statement.cases['otherwise'];
      return taken && runBlock(world, taken, values, index);
    }
    case 'repeat':
      return runRepeat(world, statement, { values, index });
    case 'merge':
      break;
  }
  const parts = statement.parts.map((part) => values.get(part));
  return new Merged(parts, statement.exclude);
}

function runStep(
  { spec, tasks }: World,
  id: string,
  { inputs, index }: { readonly inputs: readonly unknown[]; readonly index: readonly number[] },
): Made {
  const { throws = 0, hangs = 0, dies = 0, retry = 0, catches, checkpoints } = spec.behaviours?.[id] ?? {};
  const failing = throws < 0 ? Number.POSITIVE_INFINITY : Math.max(throws, hangs, dies, checkpoints ? 1 : 0);
  const isLost = failing > retry;
  if (isLost && !catches) throw new Failing('step');
  const made = isLost ? caught(id) : compute(id, inputs);
  const name = id + index.map((i) => `[${i}]`).join('');
  tasks.set(name, { made, attempts: isLost ? retry + 2 : failing + 1 });
  return made;
}

function runRepeat(
  world: World,
  { id, start, block }: Statement & { readonly do: 'repeat' },
  { values, index }: Where,
): unknown {
  let state: unknown = { v: valueOf(world, start, values) as number, xs: [], flag: true, kind: 'a' };
  for (let i = 0; ; i += 1) {
    const made = runBlock(world, block, new Map([...values, [`state ${id}`, state]]), [...index, i]);
    if (keyOf(made, 'flag') !== true) return made;
    if (i + 1 >= AT_MOST) throw new Failing('REPEAT_TOO_LONG');
    state = made;
  }
}

/** What parts agree on: told when it is read, and only of what is read. */
class Merged {
  readonly #parts: readonly unknown[];
  readonly #exclude: readonly Key[];
  constructor(parts: readonly unknown[], exclude: readonly Key[]) {
    this.#parts = parts;
    this.#exclude = exclude;
  }

  read(only?: Key): Partial<Made> {
    const together: Partial<Record<string, unknown>> = {};
    const add = (part: unknown): void => {
      if (Array.isArray(part)) return part.forEach(add);
      for (const [key, value] of Object.entries(whole(part) ?? {})) {
        if (this.#exclude.includes(key as Key) || (only !== undefined && key !== only)) continue;
        if (key in together && JSON.stringify(together[key]) !== JSON.stringify(value)) {
          throw new Failing('MERGE_CONFLICT');
        }
        together[key] = value;
      }
    };
    this.#parts.forEach(add);
    return together;
  }
}

/** A value with what is merged in it read. */
function whole(value: unknown): unknown {
  if (value instanceof Merged) return value.read();
  return Array.isArray(value) ? value.map(whole) : value;
}

function keyOf(value: unknown, key: Key): unknown {
  return (value instanceof Merged ? value.read(key) : (value as Partial<Made> | undefined))?.[key];
}

function valueOf({ seed }: World, arg: Arg, values: Values): unknown {
  if ('value' in arg) return arg.value;
  if ('param' in arg) return seed;
  if ('item' in arg) return values.get(`item ${arg.item}`);
  if ('state' in arg) return keyOf(values.get(`state ${arg.state}`), arg.key);
  if ('all' in arg) return whole(values.get(arg.all));
  return 'list' in arg ? whole(values.get(arg.list)) : keyOf(values.get(arg.from), arg.key);
}
