import {
  type DagNode,
  type Html,
  type ReportComponent,
  type Tone,
  dagPicture,
  html,
  page,
  renderComponents,
} from '../report/index.ts';
import type { RunView, StepView, TaskState, TaskView } from './read-run.ts';
import { seconds } from './run-display.ts';
import type { RunStore } from './store/run-store.ts';

/** The card as a page: graph, parameters, times, and what the steps put on it, in the order of the graph. */
export async function renderRunCard(store: RunStore, view: RunView): Promise<string> {
  const { info, state } = view;
  const parts: Html[] = [renderComponents([...headlines(view), { kind: 'heading', text: 'Steps' }]), picture(view)];
  parts.push(timeline(view));
  parts.push(renderComponents([...failures(view), ...(await parameters(store, view))]));
  for (const step of view.steps) parts.push(renderComponents(await ofStep(store, step)));
  return page({
    title: `${info.flow} · ${state}`,
    subtitle: `Run ${info.run}, ${new Date(info.createdAt).toISOString().slice(0, 19).replace('T', ' ')} UTC, by ${info.user}`,
    body: html`${parts}`,
  });
}

const tones: Readonly<Record<TaskState | 'waiting', Tone>> = {
  done: 'good',
  failed: 'bad',
  running: 'plain',
  lost: 'warn',
  waiting: 'plain',
};

function headlines({ info, state, steps }: RunView): ReportComponent[] {
  const tasks = steps.flatMap((s) => s.tasks);
  const done = tasks.filter((t) => t.state === 'done').length;
  const ends = tasks.map((t) => t.endedAt ?? t.startedAt);
  const tone = state === 'done' ? 'good' : state === 'failed' ? 'bad' : state === 'interrupted' ? 'warn' : 'plain';
  return [
    {
      kind: 'figures',
      figures: [
        { label: 'State', value: state, tone },
        { label: 'Time', value: ends.length > 0 ? seconds(Math.max(...ends) - info.createdAt) : '–' },
        { label: 'Steps done', value: `${steps.filter((s) => s.state === 'done').length} of ${steps.length}` },
        { label: 'Tasks done', value: `${done} of ${tasks.length}` },
        ...(info.origin === undefined ? [] : [{ label: 'Continues', value: info.origin }]),
      ],
    },
  ];
}

function picture({ record, steps }: RunView): Html {
  const states = new Map(steps.map((step) => [step.name, step]));
  if (!record) return html``;
  const { graph } = record;
  const nodes = graph.steps.map(({ name }): DagNode => {
    const step = states.get(name);
    const span = step ? spanOf(step.tasks) : undefined;
    const count = step && step.tasks.length > 1 ? `${step.tasks.length} × ` : '';
    const note = span ? `${count}${seconds(span.end - span.start)}` : 'waiting';
    return { id: name, label: name, note, tone: tones[step?.state ?? 'waiting'] };
  });
  const edges = graph.steps.flatMap(({ name, after }) => after.map((from) => ({ from, to: name })));
  const groups = graph.regions
    .map(({ id, kind }) => ({
      id,
      label: kind === 'each' ? `each of ${id}` : kind === 'choice' ? `by ${id}` : id,
      nodes: graph.steps.filter(({ scope }) => scope.at(-1)?.split('=')[0] === id).map(({ name }) => name),
    }))
    .filter((group) => group.nodes.length > 0);
  return dagPicture({ nodes, edges, groups });
}

/** When each step ran: a bar a step from its first task's beginning to its last one's end. */
function timeline({ steps }: RunView): Html {
  const rows = steps.flatMap((step) => {
    const span = spanOf(step.tasks);
    return span ? [{ step, ...span }] : [];
  });
  if (rows.length === 0) return html``;
  const first = Math.min(...rows.map((r) => r.start));
  const all = Math.max(1, Math.max(...rows.map((r) => r.end)) - first);
  const left = 150;
  const width = 620;
  const height = 22;
  const x = (at: number): number => Math.round(left + ((at - first) / all) * width);
  const bars = rows.map(({ step, start, end }, i) => {
    const fill = step.state === 'failed' ? '#c33' : step.state === 'done' ? '#3a7ca5' : '#999';
    const took = seconds(end - start);
    return html`<text x="${left - 8}" y="${i * height + 15}" text-anchor="end" fill="currentColor">${step.name}</text>
      <rect
        x="${x(start)}"
        y="${i * height + 4}"
        width="${Math.max(2, x(end) - x(start))}"
        height="${height - 8}"
        rx="3"
        fill="${fill}"
        ><title>${step.name}: ${took}</title></rect
      >
      <text x="${x(end) + 6}" y="${i * height + 15}" fill="currentColor">${took}</text>`;
  });
  return html`<figure>
    <figcaption>When each step ran</figcaption>
    <svg
      viewBox="0 0 ${left + width + 90} ${rows.length * height + 4}"
      width="100%"
      font-size="12"
      role="img"
      aria-label="When each step ran"
    >
      ${bars}
    </svg>
  </figure>`;
}

function spanOf(tasks: readonly TaskView[]): { readonly start: number; readonly end: number } | undefined {
  if (tasks.length === 0) return undefined;
  return {
    start: Math.min(...tasks.map((t) => t.startedAt)),
    end: Math.max(...tasks.map((t) => t.endedAt ?? t.startedAt)),
  };
}

function failures({ steps }: RunView): ReportComponent[] {
  return steps
    .flatMap((step) => step.tasks)
    .filter((task) => task.state === 'failed')
    .map((task) => ({
      kind: 'callout',
      tone: 'bad',
      text: `${task.name} failed: ${task.error?.code === undefined ? '' : `${task.error.code}: `}${task.error?.message ?? 'it left no message'}`,
    }));
}

async function parameters(store: RunStore, { info, params }: RunView): Promise<ReportComponent[]> {
  const rows = Object.entries(params).map(async ([name, key]) => [name, short(await store.load(info.flow, key))]);
  if (rows.length === 0) return [];
  return [
    { kind: 'heading', text: 'Parameters' },
    { kind: 'table', columns: ['parameter', 'value'], rows: await Promise.all(rows) },
  ];
}

async function ofStep(store: RunStore, { name, tasks }: StepView): Promise<ReportComponent[]> {
  const parts: ReportComponent[] = [];
  for (const task of tasks) {
    if (!task.card) continue;
    // Stored by the step's context, as this type.
    const made = (await store.load(task.path.flow, task.card)) as ReportComponent[];
    if (parts.length === 0) parts.push({ kind: 'heading', text: name });
    if (tasks.length > 1) parts.push({ kind: 'heading', level: 3, text: task.name });
    parts.push(...made);
  }
  return parts;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
