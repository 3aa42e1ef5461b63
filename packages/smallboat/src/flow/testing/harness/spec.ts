/**
 * Flows as data, for tests: every step computes the same kind of artifacts from whatever it reads, so that any step may stand anywhere.
 * `build.ts` makes a flow of a spec, `reference.ts` says what its run must give, `random-spec.ts` draws specs.
 */

/** The artifacts of every step. */
export interface Made {
  readonly v: number;
  /** Empty to three long. */
  readonly xs: readonly number[];
  readonly flag: boolean;
  readonly kind: 'a' | 'b' | 'c';
}
export type Key = keyof Made;

/** What a statement reads. */
export type Arg =
  | { readonly from: string; readonly key: Key }
  /** All that a step, a choice, a repeat or a merge gives. */
  | { readonly all: string }
  /** The list that an `each` gives. */
  | { readonly list: string }
  | { readonly item: string }
  | { readonly state: string; readonly key: Key }
  | { readonly param: 'seed' }
  | { readonly value: unknown };

export interface Block {
  readonly body: readonly Statement[];
  /** The statement of the body whose result is the block's. */
  readonly gives: string;
}

export type Statement =
  | { readonly do: 'step'; readonly id: string; readonly reads: readonly Arg[]; readonly after?: readonly Arg[] }
  | { readonly do: 'each'; readonly id: string; readonly over: Arg; readonly block: Block }
  /** One step as several tasks at the same time. */
  | { readonly do: 'gang'; readonly id: string; readonly count: Arg; readonly block: Block }
  | { readonly do: 'when'; readonly id: string; readonly on: Arg; readonly yes: Block; readonly no?: Block }
  | {
      readonly do: 'match';
      readonly id: string;
      readonly on: Arg;
      readonly cases: Readonly<Record<string, Block>>;
    }
  /** Goes on while `flag` of what its block gives is true, `atMost` times. */
  | { readonly do: 'repeat'; readonly id: string; readonly start: Arg; readonly block: Block }
  | { readonly do: 'merge'; readonly id: string; readonly parts: readonly string[]; readonly exclude: readonly Key[] };

/** What a step does beside computing. */
export interface Behaviour {
  /** Attempts that throw before one works; with `-1` all of them. */
  readonly throws?: number;
  /** Attempts that never end, and are out of time. */
  readonly hangs?: number;
  /** Attempts whose process kills itself. Not in this process. */
  readonly dies?: number;
  readonly retry?: number;
  readonly catches?: boolean;
  /** Throws as long as this file is there. */
  readonly brokenBy?: string;
  /** Saves a checkpoint, throws, and goes on from it in the next attempt. */
  readonly checkpoints?: boolean;
}

export interface Spec {
  readonly name: string;
  readonly block: Block;
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  /** Each body adds a line to this file: `name attempt`. */
  readonly ranFile?: string;
}

/** Iterations that no repeat of a spec comes to. */
export const AT_MOST = 5;

/** What a step of this name makes of its inputs. Any change in an input changes `v`. */
export function compute(step: string, inputs: readonly unknown[]): Made {
  const text = `${step} ${canonical(inputs)}`;
  let v = 7;
  for (let i = 0; i < text.length; i += 1) v = (v * 31 + text.charCodeAt(i)) % 1_000_003;
  const xs = Array.from({ length: v % 4 }, (_, i) => (v + i) % 100);
  return { v, xs, flag: v % 2 === 0, kind: (['a', 'b', 'c'] as const)[v % 3] ?? 'a' };
}

/** JSON with the names of objects in order: a store need not keep the order of artifacts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${name}:${canonical(inner)}`).join()}}`;
}

/** What a step's catch gives. */
export function caught(step: string): Made {
  return compute(`caught ${step}`, []);
}

/** The steps of a spec that run as several tasks at the same time, and how many that is where the spec says it. */
export function gangsOf(block: Block): ReadonlyMap<string, number> {
  const found = block.body.flatMap((statement): (readonly [string, number])[] => {
    if (statement.do !== 'gang') return blocksOf(statement).flatMap((inner) => [...gangsOf(inner)]);
    const count = 'value' in statement.count ? Number(statement.count.value) : 1;
    return stepsOf(statement.block).map((step) => [step, count] as const);
  });
  return new Map(found);
}

/** How many tasks must be able to run at once for a spec: those of a gang run together or not at all. */
export function workersFor({ block }: Spec, atLeast: number): number {
  return Math.max(atLeast, ...gangsOf(block).values());
}

function blocksOf(statement: Statement): readonly Block[] {
  switch (statement.do) {
    case 'step':
    case 'merge':
      return [];
    case 'each':
    case 'gang':
    case 'repeat':
      return [statement.block];
    case 'when':
      return [statement.yes, ...(statement.no ? [statement.no] : [])];
    case 'match':
      break;
  }
  return Object.values(statement.cases);
}

/** The steps of a spec, in order. */
export function stepsOf(block: Block): readonly string[] {
  return block.body.flatMap((statement) =>
    statement.do === 'step' ? [statement.id] : blocksOf(statement).flatMap(stepsOf),
  );
}
