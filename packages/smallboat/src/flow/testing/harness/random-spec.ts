import type { Arg, Behaviour, Block, Key, Spec, Statement } from './spec.ts';
import { gangsOf, stepsOf } from './spec.ts';

/** Numbers from 0 up to 1 that follow from a seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Tasks of a gang at most. */
const WIDEST = 3;

/** Something that can be read here. */
interface Readable {
  readonly id: string;
  readonly kind: 'made' | 'perhaps' | 'list' | 'item' | 'state';
  /** An item that is a number can be read; one that is an object too, and neither as a list. */
}

interface Here {
  readonly readable: readonly Readable[];
  readonly depth: number;
}

/** Draws a flow: up to `most` statements a block, regions up to three deep. The same seed gives the same. */
export function randomSpec(seed: number, { most = 4 }: { readonly most?: number } = {}): Spec {
  const random = randomOf(seed);
  let count = 0;
  const below = (n: number): number => Math.floor(random() * n);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T; // A list that is not empty.
  const fresh = (kind: string): string => `${kind}${(count += 1)}`;
  const keys: readonly Key[] = ['v', 'xs', 'flag', 'kind'];

  const anyArg = ({ readable }: Here): Arg => {
    const from = readable.length > 0 && random() < 0.85 ? one(readable) : undefined;
    if (!from) return random() < 0.5 ? { param: 'seed' } : { value: below(100) };
    if (from.kind === 'item') return { item: from.id };
    if (from.kind === 'state') return { state: from.id, key: one(keys) };
    if (from.kind === 'list') return { list: from.id };
    return random() < 0.25 ? { all: from.id } : { from: from.id, key: one(keys) };
  };
  /** What is there for sure, under a key that decides something. */
  const sure = ({ readable }: Here, key: Key): Arg | undefined => {
    const made = readable.filter(({ kind }) => kind === 'made');
    return made.length > 0 ? { from: one(made).id, key } : undefined;
  };

  const statement = (here: Here): Statement => {
    const deeper = { ...here, depth: here.depth + 1 };
    const kind =
      here.depth < 3 ? one(['step', 'step', 'step', 'each', 'gang', 'when', 'match', 'repeat', 'merge']) : 'step';
    const [xs, flag, name] = [sure(here, 'xs'), sure(here, 'flag'), sure(here, 'kind')];
    if (kind === 'each') {
      const id = fresh('each');
      const lists = here.readable.filter((r) => r.kind === 'list');
      const over: Arg =
        lists.length > 0 && random() < 0.3
          ? { list: one(lists).id }
          : (xs ?? { value: Array.from({ length: below(4) }, () => below(50)) });
      const inner = { ...deeper, readable: [...here.readable, { id, kind: 'item' } as const] };
      return { do: 'each', id, over, block: block(inner) };
    }
    if (kind === 'gang') {
      const [id, step] = [fresh('gang'), fresh('s')];
      const reads = Array.from({ length: below(3) }, () => anyArg(here));
      const body = [{ do: 'step', id: step, reads } as const];
      return { do: 'gang', id, count: { value: 1 + below(WIDEST) }, block: { body, gives: step } };
    }
    if (kind === 'when' && flag) {
      const id = fresh('when');
      return { do: 'when', id, on: flag, yes: block(deeper), ...(random() < 0.6 ? { no: block(deeper) } : {}) };
    }
    if (kind === 'match' && name) {
      const cases = random() < 0.5 ? ['a', 'b', 'c'] : ['a', 'otherwise'];
      return {
        do: 'match',
        id: fresh('match'),
        on: name,
        cases: Object.fromEntries(cases.map((c) => [c, block(deeper)])),
      };
    }
    if (kind === 'repeat') {
      const id = fresh('repeat');
      const inner = { ...deeper, readable: [...here.readable, { id, kind: 'state' } as const] };
      return { do: 'repeat', id, start: sure(here, 'v') ?? { value: below(100) }, block: block(inner, true) };
    }
    const parts = here.readable.filter((r) => r.kind === 'made' || r.kind === 'perhaps');
    if (kind === 'merge' && parts.length > 1) {
      const exclude = keys.filter(() => random() < 0.6);
      return { do: 'merge', id: fresh('merge'), parts: [one(parts).id, one(parts).id], exclude };
    }
    const reads = Array.from({ length: below(4) }, () => anyArg(here));
    const made = here.readable.filter((r) => r.kind === 'made');
    const after: Arg[] = made.length > 0 && random() < 0.2 ? [{ all: one(made).id }] : [];
    return { do: 'step', id: fresh('s'), reads, ...(after.length > 0 ? { after } : {}) };
  };

  /** A block that gives what a step makes: for a repeat its flag must be there for sure. */
  const block = (outer: Here, isSure = false): Block => {
    const readable = [...outer.readable];
    const body: Statement[] = [];
    const length = 1 + below(most);
    for (let i = 0; i < length; i += 1) {
      const made = statement({ ...outer, readable });
      body.push(made);
      readable.push({ id: made.id, kind: kindOf(made) });
    }
    // What is merged from outside is no result of a region.
    const own = new Set(body.filter((one) => one.do !== 'merge' || outer.depth === 0).map(({ id }) => id));
    const candidates = readable.filter(
      ({ id, kind }) => own.has(id) && (kind === 'made' || (kind === 'perhaps' && !isSure)),
    );
    if (candidates.length > 0) return { body, gives: one(candidates).id };
    const last: Statement = { do: 'step', id: fresh('s'), reads: [anyArg({ ...outer, readable })] };
    return { body: [...body, last], gives: last.id };
  };

  return { name: `Random${seed}`, block: block({ readable: [], depth: 0 }) };
}

function kindOf(statement: Statement): Readable['kind'] {
  switch (statement.do) {
    case 'each':
    case 'gang':
      return 'list';
    case 'step':
    case 'repeat':
      return 'made';
    case 'when':
    case 'match':
    case 'merge':
      break;
  }
  return 'perhaps';
}

/** Draws what steps do beside computing: a third of them fail at first, some for good. */
export function withRandomBehaviours(spec: Spec, seed: number): Spec {
  const random = randomOf(seed ^ 0x5bd1e995);
  const behaviours: Record<string, Behaviour> = {};
  const together = gangsOf(spec.block);
  for (const id of stepsOf(spec.block)) {
    const dice = random();
    if (dice < 0.2) behaviours[id] = { throws: 1, retry: 1 + Math.floor(random() * 2) };
    else if (dice < 0.3) behaviours[id] = { throws: -1, retry: 1, catches: true };
    // A task of a gang may be ended before it has saved its checkpoint: another has thrown.
    else if (dice < 0.35 && !together.has(id)) behaviours[id] = { checkpoints: true, retry: 1 };
    else if (dice >= 0.35 && dice < 0.37) behaviours[id] = { throws: -1 };
  }
  return { ...spec, behaviours };
}
