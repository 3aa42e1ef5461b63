import { createRequire } from 'node:module';
import { defineErrors } from '../kernel/index.ts';
import type { Tone } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { px } from './scale.ts';
import { displayWidth } from './text-table.ts';
import { TONES } from './tone.ts';

export interface DagNode {
  readonly id: string;
  readonly label: string;
  /** A few words under the label: how long it took, how many rows. */
  readonly note?: string;
  readonly tone?: Tone;
  /** Drawn as what was passed by. */
  readonly isFaint?: boolean;
  /** The part of the page that it leads to: the id that it has. */
  readonly to?: string;
}

/** A frame around some nodes: what a fan-out repeats, what a choice may pass by. */
export interface DagGroup {
  readonly id: string;
  readonly label: string;
  /** Those directly in it: a node belongs to one group at most. */
  readonly nodes: readonly string[];
  /** The group that it is inside. */
  readonly inside?: string;
  readonly isFaint?: boolean;
}

/** A directed graph without cycles, to be drawn. */
export interface DagGraph {
  readonly nodes: readonly DagNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  readonly groups?: readonly DagGroup[];
}

export const dagErrors = defineErrors({
  DAG_NODE_UNKNOWN: (f: { id: string; known: readonly string[] }) =>
    `The graph names node '${f.id}', which is not among its nodes (${f.known.join(', ')}). Add the node or take the edge out.`,
});

/** Room for a frame's name above what is in it, beyond what the layout leaves. */
const HEAD = 6;

/** Steps up to which the graph is told in words too. */
const MOST_WORDS = 60;

/** Widest picture that is drawn from left to right, in pixels; a wider one goes from the top down. */
const WIDEST = 980;

/**
 * The picture of a graph as SVG: from left to right while it fits the width of a page, else from the top down.
 * Layout by dagre (a layered drawing after Gansner et al., "A Technique for Drawing Directed Graphs", 1993).
 */
export function dagPicture(graph: DagGraph): Html {
  if (graph.nodes.length === 0) return html`<p class="none">No steps to draw.</p>`;
  check(graph);
  const sideways = layout(graph, 'LR');
  const laid = (sideways.graph().width ?? 0) <= WIDEST ? sideways : layout(graph, 'TB');
  const { width = 0, height = 0 } = laid.graph();
  const frames = filled(graph).map(({ id, isFaint = false }) => {
    const { x, y, width: w, height: h } = laid.node(groupKey(id));
    return html`<rect
      class="group${isFaint ? ' faint' : ''}"
      x="${px(x - w / 2)}"
      y="${px(y - h / 2 - HEAD)}"
      width="${px(w)}"
      height="${px(h + HEAD)}"
      rx="8"
    />`;
  });
  // Over the arrows that may pass there.
  const titles = filled(graph).map(({ id, label }) => {
    const { x, y, width: w, height: h } = laid.node(groupKey(id));
    return html`<text class="group-label" x="${px(x - w / 2 + 8)}" y="${px(y - h / 2 - HEAD + 15)}">${label}</text>`;
  });
  const arrows = laid.edges().map((edge) => arrow(laid.edge(edge).points ?? []));
  const nodes = graph.nodes.map((node) => box(node, laid.node(nodeKey(node.id))));
  const names = graph.nodes.map((n) => `${n.label}${n.note === undefined ? '' : ` (${n.note})`}`).join(', ');
  // Who listens goes through the steps one by one where they are links; else the whole is one picture.
  const role = graph.nodes.some((node) => node.to !== undefined) ? 'group' : 'img';
  const words =
    graph.nodes.length > MOST_WORDS
      ? `Graph of ${graph.nodes.length} steps. Each is in the table of steps.`
      : `Graph of ${graph.nodes.length} steps: ${names}. ${graph.edges.map((e) => `${labelOf(graph, e.from)} leads to ${labelOf(graph, e.to)}`).join('; ')}.`;
  return html`<figure class="dag">
    <div class="scroll" role="group" tabindex="0" aria-label="Graph">
      <svg
        width="${px(width)}"
        height="${px(height)}"
        viewBox="0 0 ${px(width)} ${px(height)}"
        role="${role}"
        aria-label="${words}"
      >
        ${frames}${arrows}${titles}${nodes}
      </svg>
    </div>
  </figure> `;
}

/** What is used of dagre here. Its own types cannot be resolved by Node's rules: they import without extensions. */
interface Laid {
  setGraph(label: Readonly<Record<string, string | number>>): void;
  setDefaultEdgeLabel(make: () => object): void;
  setNode(id: string, label: object): void;
  setParent(id: string, parent: string): void;
  setEdge(from: string, to: string): void;
  graph(): { readonly width?: number; readonly height?: number };
  node(id: string): Box;
  edges(): readonly object[];
  edge(edge: object): { readonly points?: readonly Place[] };
}
interface Dagre {
  readonly graphlib: { readonly Graph: new (options: { readonly compound: boolean }) => Laid };
  layout(graph: Laid): void;
}
interface Place {
  readonly x: number;
  readonly y: number;
}
interface Box extends Place {
  readonly width: number;
  readonly height: number;
}

// Loaded when the first graph is drawn: a program that draws none should not pay for it.
const load = createRequire(import.meta.url);
const nodeKey = (id: string): string => `n:${id}`;
const groupKey = (id: string): string => `g:${id}`;

/** Groups that have a node in them, or in a group in them: a frame around nothing has no place. */
function filled({ groups = [] }: DagGraph): readonly DagGroup[] {
  const holds = (group: DagGroup): boolean =>
    group.nodes.length > 0 || groups.some((inner) => inner.inside === group.id && holds(inner));
  return groups.filter(holds);
}

function layout(graph: DagGraph, rankdir: 'LR' | 'TB'): Laid {
  const { nodes, edges } = graph;
  const groups = filled(graph);
  const dagre = load('@dagrejs/dagre') as Dagre;
  const laid = new dagre.graphlib.Graph({ compound: true });
  laid.setGraph({ rankdir, nodesep: rankdir === 'LR' ? 18 : 28, ranksep: 38, marginx: 8, marginy: 8 });
  laid.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) {
    const { width, height } = sizeOf(node);
    // A frame is as wide as what is in it: its first node makes room for its name.
    const names = groups
      .filter((group) => firstOf(group, groups) === node.id)
      .map(({ label }) => displayWidth(label) * 6.4);
    laid.setNode(nodeKey(node.id), { width: Math.max(width, ...names), height });
  }
  for (const { id } of groups) laid.setNode(groupKey(id), {});
  for (const { id, nodes: members, inside } of groups) {
    if (inside !== undefined && groups.some((outer) => outer.id === inside))
      laid.setParent(groupKey(id), groupKey(inside));
    for (const member of members) laid.setParent(nodeKey(member), groupKey(id));
  }
  for (const { from, to } of edges) laid.setEdge(nodeKey(from), nodeKey(to));
  dagre.layout(laid);
  return laid;
}

function firstOf({ id, nodes }: DagGroup, groups: readonly DagGroup[]): string | undefined {
  const inner = groups.find((group) => group.inside === id);
  return nodes[0] ?? (inner && firstOf(inner, groups));
}

function sizeOf({ label, note, tone = 'plain' }: DagNode): { width: number; height: number } {
  const sign = TONES[tone].sign === '' ? 0 : 16;
  const width = Math.max(displayWidth(label) * 7.6 + sign, displayWidth(note ?? '') * 6.6) + 26;
  return { width: Math.max(64, width), height: note === undefined ? 34 : 48 };
}

function box({ label, note, tone = 'plain', isFaint = false, to }: DagNode, { x, y, width, height }: Box): Html {
  const { sign } = TONES[tone];
  const words = sign === '' ? label : `${sign} ${label}`;
  const drawn = html`<g class="node ${tone}${isFaint ? ' faint' : ''}"
    ><rect x="${px(x - width / 2)}" y="${px(y - height / 2)}" width="${px(width)}" height="${px(height)}" rx="6" /><text
      class="name"
      x="${px(x)}"
      y="${px(y + (note === undefined ? 4.5 : -3))}"
      text-anchor="middle"
      >${words}</text
    >${
      note === undefined
        ? ''
        : html`<text class="note" x="${px(x)}" y="${px(y + 14)}" text-anchor="middle">${note}</text>`
    }</g
  >`;
  if (to === undefined || !/^[\w-]+$/.test(to)) return drawn;
  return html`<a href="#${to}">${drawn}</a>`;
}

// Rounded at the bends; the head is drawn by hand, as a marker would need an id that is unique in the page.
function arrow(points: readonly Place[]): Html {
  const [first, last, before] = [points[0], points.at(-1), points.at(-2)];
  if (first === undefined || last === undefined || before === undefined) return html``;
  const angle = Math.atan2(last.y - before.y, last.x - before.x);
  const tip = (turn: number): string =>
    `${px(last.x - 8 * Math.cos(angle + turn))} ${px(last.y - 8 * Math.sin(angle + turn))}`;
  const middle = points.slice(1, -1).map((p, i) => {
    const next = points[i + 2] ?? last;
    const to = i === points.length - 3 ? last : { x: (p.x + next.x) / 2, y: (p.y + next.y) / 2 };
    return `Q${px(p.x)} ${px(p.y)} ${px(to.x)} ${px(to.y)}`;
  });
  const way = middle.length > 0 ? middle.join('') : `L${px(last.x)} ${px(last.y)}`;
  return html`<path class="edge" d="M${px(first.x)} ${px(first.y)}${way}" /><path
      class="head"
      d="M${px(last.x)} ${px(last.y)}L${tip(0.42)}L${tip(-0.42)}Z"
    />`;
}

function check({ nodes, edges, groups = [] }: DagGraph): void {
  const known = new Set(nodes.map((n) => n.id));
  const named = [...edges.flatMap((e) => [e.from, e.to]), ...groups.flatMap((g) => g.nodes)];
  const unknown = named.find((id) => !known.has(id));
  if (unknown !== undefined) throw dagErrors.DAG_NODE_UNKNOWN({ id: unknown, known: [...known] });
}

function labelOf({ nodes }: DagGraph, id: string): string {
  return nodes.find((n) => n.id === id)?.label ?? id;
}
