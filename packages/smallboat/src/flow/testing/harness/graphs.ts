import type { Arg, Block, Key, Spec, Statement } from './spec.ts';

const from = (id: string, key: Key): Arg => ({ from: id, key });
const step = (id: string, ...reads: Arg[]): Statement => ({ do: 'step', id, reads });
const block = (gives: string, ...body: Statement[]): Block => ({ body, gives });
const each = (id: string, over: Arg, inner: Block): Statement => ({ do: 'each', id, over, block: inner });
const when = (id: string, on: Arg, yes: Block, no?: Block): Statement => ({
  do: 'when',
  id,
  on,
  yes,
  ...(no ? { no } : {}),
});
const match = (id: string, on: Arg, cases: Readonly<Record<string, Block>>): Statement => ({
  do: 'match',
  id,
  on,
  cases,
});
const repeat = (id: string, start: Arg, inner: Block): Statement => ({ do: 'repeat', id, start, block: inner });
const gang = (id: string, count: Arg, inner: Block): Statement => ({ do: 'gang', id, count, block: inner });
const seed: Arg = { param: 'seed' };
const list = (...values: unknown[]): Arg => ({ value: values });
const item = (id: string): Arg => ({ item: id });
const state = (id: string): Arg => ({ state: id, key: 'v' });

/** Shapes of flows by name: those of Metaflow's own harness, and those that only wiring by reference can have. */
export const GRAPHS: Readonly<Record<string, Block>> = {
  single: block('a', step('a', seed)),
  linear: block('c', step('a', seed), step('b', from('a', 'v')), step('c', from('b', 'v'))),
  branch: block(
    'd',
    step('a', seed),
    step('b', from('a', 'v')),
    step('c', from('a', 'v')),
    step('d', from('b', 'v'), from('c', 'xs')),
  ),
  nested_branches: block(
    'j',
    step('a', seed),
    step('b', from('a', 'v')),
    step('c', from('a', 'v')),
    step('b1', from('b', 'v')),
    step('b2', from('b', 'v')),
    step('bj', from('b1', 'v'), from('b2', 'v')),
    step('c1', from('c', 'v')),
    step('c2', from('c', 'v')),
    step('cj', from('c1', 'v'), from('c2', 'v')),
    step('j', from('bj', 'v'), from('cj', 'v')),
  ),
  foreach: block(
    'j',
    step('a', seed),
    each('e', list(1, 2, 3), block('b', step('b', item('e'), from('a', 'v')))),
    step('j', { list: 'e' }),
  ),
  foreach_of_artifact: block(
    'j',
    step('a', seed),
    each('e', from('a', 'xs'), block('b', step('b', item('e')))),
    step('j', { list: 'e' }),
  ),
  foreach_of_nothing: block('j', each('e', list(), block('b', step('b', item('e')))), step('j', { list: 'e' })),
  nested_foreach: block(
    'j',
    each(
      'e',
      list(1, 2),
      block(
        'm',
        step('b', item('e')),
        each('f', list(7, 8), block('c', step('c', item('f'), from('b', 'v')))),
        step('m', { list: 'f' }),
      ),
    ),
    step('j', { list: 'e' }),
  ),
  wide_foreach: block(
    'j',
    each('e', list(...Array.from({ length: 40 }, (_, i) => i)), block('b', step('b', item('e')))),
    step('j', { list: 'e' }),
  ),
  branch_in_foreach: block(
    'j',
    each(
      'e',
      list(1, 2),
      block('d', step('b', item('e')), step('c', item('e')), step('d', from('b', 'v'), from('c', 'v'))),
    ),
    step('j', { list: 'e' }),
  ),
  foreach_in_branch: block(
    'j',
    step('a', seed),
    each('e', list(1, 2), block('b', step('b', item('e'), from('a', 'v')))),
    step('c', from('a', 'v')),
    step('j', { list: 'e' }, from('c', 'v')),
  ),
  switch_basic: block(
    'j',
    step('a', seed),
    when('w', from('a', 'flag'), block('b', step('b', from('a', 'v'))), block('c', step('c', from('a', 'v')))),
    step('j', { all: 'w' }),
  ),
  switch_without_else: block(
    'j',
    step('a', seed),
    when('w', from('a', 'flag'), block('b', step('b', from('a', 'v')))),
    step('j', { all: 'w' }),
  ),
  switch_of_many: block(
    'j',
    step('a', seed),
    match('m', from('a', 'kind'), {
      a: block('b', step('b', from('a', 'v'))),
      b: block('c', step('c', from('a', 'v'))),
      otherwise: block('d', step('d', from('a', 'v'))),
    }),
    step('j', { all: 'm' }),
  ),
  switch_nested: block(
    'j',
    step('a', seed),
    when(
      'w',
      from('a', 'flag'),
      block(
        'v',
        step('b', from('a', 'v')),
        when('v', from('b', 'flag'), block('c', step('c', from('b', 'v'))), block('d', step('d', from('b', 'v')))),
      ),
      block('x', step('x', from('a', 'v'))),
    ),
    step('j', { all: 'w' }),
  ),
  switch_in_branch: block(
    'j',
    step('a', seed),
    step('b', from('a', 'v')),
    when('w', from('b', 'flag'), block('c', step('c', from('b', 'v'))), block('d', step('d', from('b', 'v')))),
    step('x', from('a', 'v')),
    step('j', { all: 'w' }, from('x', 'v')),
  ),
  switch_in_foreach: block(
    'j',
    each(
      'e',
      list(1, 2, 3, 4),
      block(
        'w',
        step('b', item('e')),
        when('w', from('b', 'flag'), block('c', step('c', from('b', 'v'))), block('d', step('d', from('b', 'v')))),
      ),
    ),
    step('j', { list: 'e' }),
  ),
  foreach_in_switch: block(
    'j',
    step('a', seed),
    when(
      'w',
      from('a', 'flag'),
      block('m', each('e', list(1, 2), block('b', step('b', item('e')))), step('m', { list: 'e' })),
      block('x', each('f', list(3, 4, 5), block('c', step('c', item('f')))), step('x', { list: 'f' })),
    ),
    step('j', { all: 'w' }),
  ),
  branch_in_switch: block(
    'j',
    step('a', seed),
    when(
      'w',
      from('a', 'flag'),
      block('d', step('b', from('a', 'v')), step('c', from('a', 'v')), step('d', from('b', 'v'), from('c', 'v'))),
      block('x', step('x', from('a', 'v'))),
    ),
    step('j', { all: 'w' }),
  ),
  recursion: block(
    'j',
    step('a', seed),
    repeat('r', from('a', 'v'), block('b', step('b', state('r')))),
    step('j', from('r', 'v')),
  ),
  recursion_of_several: block(
    'j',
    repeat(
      'r',
      seed,
      block(
        'c',
        step('b', state('r')),
        each('e', list(1, 2), block('x', step('x', item('e'), from('b', 'v')))),
        step('c', { list: 'e' }, state('r')),
      ),
    ),
    step('j', { all: 'r' }),
  ),
  recursion_in_foreach: block(
    'j',
    each('e', list(1, 2, 3), block('r', repeat('r', item('e'), block('b', step('b', state('r'), item('e')))))),
    step('j', { list: 'e' }),
  ),
  recursion_with_switch: block(
    'j',
    repeat(
      'r',
      seed,
      block(
        'c',
        step('b', state('r')),
        when('w', from('b', 'flag'), block('x', step('x', from('b', 'v'))), block('y', step('y', from('b', 'v')))),
        step('c', { from: 'w', key: 'v' }),
      ),
    ),
    step('j', from('r', 'v')),
  ),
  merge: block(
    'j',
    step('a', seed),
    step('b', from('a', 'v')),
    each('e', list(1, 2), block('c', step('c', from('a', 'v')))),
    { do: 'merge', id: 'm', parts: ['e'], exclude: ['xs'] },
    step('j', { all: 'm' }, from('b', 'v')),
  ),
  gang: block(
    'j',
    step('a', seed),
    gang('g', { value: 3 }, block('b', step('b', from('a', 'v')))),
    step('j', { list: 'g' }),
  ),
  gang_in_foreach: block(
    'j',
    each(
      'e',
      list(1, 2),
      block('m', gang('g', { value: 2 }, block('b', step('b', item('e')))), step('m', { list: 'g' }, item('e'))),
    ),
    step('j', { list: 'e' }),
  ),
  waiting: block('c', step('a', seed), step('b', seed), {
    do: 'step',
    id: 'c',
    reads: [seed],
    after: [{ all: 'a' }, { all: 'b' }],
  }),
};

/** A graph as a flow without further behaviour. */
export function specOf(name: string): Spec {
  const flow = name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return { name: flow, block: found(name) };
}

function found(name: string): Block {
  const graph = GRAPHS[name];
  if (!graph) throw new Error(`There is no graph ${name}.`);
  return graph;
}
