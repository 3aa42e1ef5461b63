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
}

/** A directed graph without cycles, to be drawn. */
export interface DagGraph {
  readonly nodes: readonly DagNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** Frames around some of the nodes: what a fan-out repeats. A node belongs to one at most. */
  readonly groups?: readonly { readonly id: string; readonly label: string; readonly nodes: readonly string[] }[];
}

export const dagErrors = defineErrors({
  DAG_NODE_UNKNOWN: (f: { id: string; known: readonly string[] }) =>
    `The graph names node '${f.id}', which is not among its nodes (${f.known.join(', ')}). Add the node or take the edge out.`,
});

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
  const frames = (graph.groups ?? []).map(({ id, label }) => {
    const { x, y, width: w, height: h } = laid.node(groupKey(id));
    return html`<rect
        class="group"
        x="${px(x - w / 2)}"
        y="${px(y - h / 2)}"
        width="${px(w)}"
        height="${px(h)}"
        rx="8"
      /><text class="group-label" x="${px(x - w / 2 + 8)}" y="${px(y - h / 2 + 15)}">${label}</text>`;
  });
  const arrows = laid.edges().map((edge) => arrow(laid.edge(edge).points ?? []));
  const nodes = graph.nodes.map((node) => box(node, laid.node(nodeKey(node.id))));
  const names = graph.nodes.map((n) => `${n.label}${n.note === undefined ? '' : ` (${n.note})`}`).join(', ');
  const words = `Graph of ${graph.nodes.length} steps: ${names}. ${graph.edges.map((e) => `${labelOf(graph, e.from)} leads to ${labelOf(graph, e.to)}`).join('; ')}.`;
  return html`<figure class="dag">
    <div class="scroll" role="region" tabindex="0" aria-label="Graph">
      <svg
        width="${px(width)}"
        height="${px(height)}"
        viewBox="0 0 ${px(width)} ${px(height)}"
        role="img"
        aria-label="${words}"
      >
        <desc>${words}</desc>
        ${frames}${arrows}${nodes}
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
  node(id: string): Place & { readonly width: number; readonly height: number };
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

// Loaded when the first graph is drawn: a program that draws none should not pay for it.
const load = createRequire(import.meta.url);
const nodeKey = (id: string): string => `n:${id}`;
const groupKey = (id: string): string => `g:${id}`;

function layout({ nodes, edges, groups = [] }: DagGraph, rankdir: 'LR' | 'TB'): Laid {
  const dagre = load('@dagrejs/dagre') as Dagre;
  const laid = new dagre.graphlib.Graph({ compound: true });
  laid.setGraph({ rankdir, nodesep: rankdir === 'LR' ? 18 : 28, ranksep: 38, marginx: 8, marginy: 8 });
  laid.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) laid.setNode(nodeKey(node.id), sizeOf(node));
  for (const { id, nodes: members } of groups) {
    laid.setNode(groupKey(id), {});
    for (const member of members) laid.setParent(nodeKey(member), groupKey(id));
  }
  for (const { from, to } of edges) laid.setEdge(nodeKey(from), nodeKey(to));
  dagre.layout(laid);
  return laid;
}

function sizeOf({ label, note, tone = 'plain' }: DagNode): { width: number; height: number } {
  const sign = TONES[tone].sign === '' ? 0 : 16;
  const width = Math.max(displayWidth(label) * 7.6 + sign, displayWidth(note ?? '') * 6.6) + 26;
  return { width: Math.max(64, width), height: note === undefined ? 34 : 48 };
}

function box({ label, note, tone = 'plain' }: DagNode, { x, y }: Place): Html {
  const { width, height } = sizeOf({ id: '', label, tone, ...(note === undefined ? {} : { note }) });
  const { sign } = TONES[tone];
  const words = sign === '' ? label : `${sign} ${label}`;
  return html`<g class="node ${tone}"
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
