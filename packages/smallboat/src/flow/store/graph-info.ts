import type { RunGraph, RunGraphStep } from './run-store.ts';

/** Metaflow's words for the kinds of steps. */
const KINDS: Readonly<Record<RunGraphStep['kind'], string>> = {
  start: 'start',
  linear: 'linear',
  split: 'split-static',
  switch: 'split-switch',
  foreach: 'split-foreach',
  gang: 'split-parallel',
  join: 'join',
  end: 'end',
};

/** The graph as Metaflow's hidden artifact `_graph_info` has it: what its client asks for a step's neighbours. */
export function graphInfo(graph: RunGraph): Readonly<Record<string, unknown>> {
  const names = graph.steps.map(({ name }) => name);
  const steps = graph.steps.map(({ name, kind, next, doc = '' }) => [
    name,
    {
      name,
      type: KINDS[kind],
      line: 0,
      source_file: graph.file ?? '',
      doc,
      decorators: [],
      next,
      node_info: {},
      ...(kind === 'foreach' ? { foreach_artifact: '' } : {}),
      // What Metaflow has where the number is known only when the run comes to it.
      ...(kind === 'gang' ? { num_parallel: 0 } : {}),
    },
  ]);
  return {
    file: graph.file ?? '',
    start_step: names[0] ?? 'start',
    end_step: names.at(-1) ?? 'end',
    parameters: [],
    constants: [],
    steps: Object.fromEntries(steps),
    graph_structure: names,
    doc: graph.doc ?? '',
    decorators: [],
    extensions: {},
  };
}
