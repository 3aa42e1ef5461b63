import { type DagNode, type Html, dagPicture, html } from '../../report/index.ts';
import type { Graph } from '../engine/record.ts';
import type { RunView, StepView } from '../read-run.ts';
import { seconds } from '../run-display.ts';
import { spanOf, triesOf } from './times.ts';
import { type Passage, passagesOf } from './passages.ts';
import { stateOf } from './step-states.ts';

/** Steps up to which a graph is drawn: beyond, it would be a wall of boxes that takes a browser seconds. */
const MOST_STEPS = 250;

/** The graph of a run: what ran, how often, which cases were taken. Each step leads to its part of the page. */
export function runPicture(view: RunView): Html {
  const graph = view.record?.graph;
  if (!graph) return html``;
  if (graph.steps.length > MOST_STEPS) return tooMany(graph);
  const passages = passagesOf({ ...view, graph });
  const steps = new Map(view.steps.map((step) => [step.name, step]));
  const nodes = graph.steps.map(({ name }): DagNode => {
    const step = steps.get(name) ?? { name, state: 'waiting', tasks: [] };
    const { text, tone, isFaint } = stateOf(step, view, passages);
    return { id: name, label: name, note: noteOf(step, text), tone, isFaint, to: stepId(name) };
  });
  return pictureOf(graph, nodes, passages);
}

/** The graph of a flow that has not run: what `note` says is under the name of each step. */
export function flowPicture(graph: Graph, note: (step: string) => string | undefined): Html {
  if (graph.steps.length > MOST_STEPS) return tooMany(graph);
  const nodes = graph.steps.map(({ name }): DagNode => {
    const words = note(name);
    return { id: name, label: name, to: stepId(name), ...(words === undefined ? {} : { note: words }) };
  });
  return pictureOf(graph, nodes, passagesOf({ graph, steps: [], state: 'running' }));
}

function pictureOf(graph: Graph, nodes: readonly DagNode[], passages: readonly Passage[]): Html {
  const edges = graph.steps.flatMap(({ name, after }) => after.map((from) => ({ from, to: name })));
  const groups = passages.map(({ place, label, inside, isPassedBy }) => ({
    id: place,
    label,
    nodes: graph.steps.filter(({ scope }) => scope.at(-1) === place).map(({ name }) => name),
    ...(inside === undefined ? {} : { inside }),
    isFaint: isPassedBy,
  }));
  return dagPicture({ nodes, edges, groups });
}

function tooMany({ steps }: Graph): Html {
  return html`<p class="none">The graph has ${steps.length} steps: too many to draw.</p> `;
}

/** The part of the page that tells of a step. */
export function stepId(name: string): string {
  return `step-${name}`;
}

function noteOf({ tasks }: StepView, state: string): string {
  const span = spanOf(tasks);
  if (!span) return state;
  const count = tasks.length > 1 ? `${tasks.length} × ` : '';
  const took = state === 'taken over' ? state : seconds(span.end - span.start);
  const retried = tasks.filter((task) => triesOf(task) > 1).length;
  const more = [
    ...(state === 'caught' ? ['caught'] : []),
    ...(retried > 0 ? [`${retried === tasks.length ? '' : `${retried} `}retried`] : []),
  ];
  return [`${count}${took}`, ...more].join(', ');
}
