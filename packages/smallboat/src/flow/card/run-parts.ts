import {
  type Figure,
  type Html,
  type ReportComponent,
  html,
  renderComponents,
  timelinePicture,
} from '../../report/index.ts';
import { readableStack } from '../describe-failure.ts';
import type { RunView, TaskView } from '../read-run.ts';
import { seconds } from '../run-display.ts';
import type { RunStore } from '../store/run-store.ts';
import { briefIn } from './brief-for.ts';
import { type Fact, factTable } from './fact-table.ts';
import { passagesOf } from './passages.ts';
import { runPicture, stepId } from './picture.ts';
import { RUN_TONES, timeOf } from './run-table.ts';
import { stateOf } from './step-states.ts';
import { stepSection } from './step-section.ts';
import { taskCards } from './task-cards.ts';
import { timelineRows } from './timeline-rows.ts';
import { spanOf, tookOf, triesOf } from './times.ts';

/** What the default card of a run is made of, in its order. */
export const RUN_PARTS = [
  'figures',
  'failures',
  'graph',
  'cards',
  'parameters',
  'result',
  'times',
  'steps',
  'environment',
] as const;

export type RunPart = (typeof RUN_PARTS)[number];

interface Making {
  readonly store: RunStore;
  readonly view: RunView;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const MAKERS: Readonly<Record<RunPart, (making: Making) => Html | Promise<Html>>> = {
  figures: ({ view, now }) => figures(view, now),
  failures: ({ view }) => failures(view),
  graph: ({ view }) =>
    html`<h2>Steps</h2>
      ${runPicture(view)}${stepsTable(view)}`,
  cards: ({ store, view }) => taskCards(store, view.steps),
  parameters: ({ store, view }) =>
    briefs(store, { title: 'Parameters', what: 'parameter', flow: view.info.flow, keys: view.params }),
  result: ({ store, view }) =>
    view.state === 'done'
      ? briefs(store, { title: 'Result', what: 'artifact', flow: view.info.flow, keys: view.result })
      : html``,
  times: ({ view, now }) => times(view, now),
  steps: ({ store, view }) => steps(store, view),
  environment: ({ view }) => environment(view),
};

/** Makes one part of a run's card; empty markup where there is nothing to tell. */
export async function runPart(part: RunPart, making: Making): Promise<Html> {
  return MAKERS[part](making);
}

function figures({ info, record, state, steps }: RunView, now: number): Html {
  const tasks = steps.flatMap((step) => step.tasks);
  const count = (is: (task: TaskView) => boolean): number => tasks.filter(is).length;
  const end = state === 'running' ? now : spanOf(tasks)?.end;
  const shown: (Figure & { readonly count?: number })[] = [
    { label: 'State', value: state, tone: RUN_TONES[state] },
    { label: 'Time', value: end === undefined ? '–' : seconds(end - info.createdAt) },
    { label: 'Tasks done', value: `${count((t) => t.state === 'done')} of ${tasks.length}` },
    { label: 'Running', value: '', count: count((t) => t.state === 'running') },
    { label: 'Failed', value: '', count: count((t) => t.state === 'failed'), tone: 'bad' },
    {
      label: 'Caught',
      value: '',
      count: count((t) => t.isCaught),
      tone: 'warn',
      note: 'failed, and replaced by catch',
    },
    { label: 'Retried', value: '', count: count((t) => triesOf(t) > 1), note: 'more than one attempt' },
    { label: 'Taken over', value: '', count: count((t) => t.from !== undefined), note: 'from an earlier run' },
  ];
  const about = record?.graph.about;
  return renderComponents([
    ...(about === undefined ? [] : [{ kind: 'text', text: about } as const]),
    {
      kind: 'figures',
      figures: shown.flatMap(({ count: of, ...figure }) =>
        of === undefined ? [figure] : of === 0 ? [] : [{ ...figure, value: String(of) }],
      ),
    },
  ]);
}

/** Failures that are told in full; of more, how many there are. */
const MOST_FAILURES = 10;

function failures({ info, steps }: RunView): Html {
  const tasks = steps.flatMap((step) => step.tasks);
  const failed = tasks.filter(({ state }) => state === 'failed');
  const caught = tasks.filter(({ isCaught }) => isCaught);
  const rest = (all: readonly TaskView[], what: string): readonly ReportComponent[] =>
    all.length > MOST_FAILURES ? [{ kind: 'text', text: `${all.length - MOST_FAILURES} more ${what}.` }] : [];
  return renderComponents([
    ...failed.slice(0, MOST_FAILURES).map((task) => failureOf(task)),
    ...rest(failed, 'tasks failed'),
    ...(failed.length > 0
      ? [{ kind: 'text', text: `To go on after mending it: smallboat resume --run ${info.run}` } as const]
      : []),
    ...caught.slice(0, MOST_FAILURES).map(({ name, error }): ReportComponent => ({
      kind: 'callout',
      tone: 'warn',
      text: `${name} failed, and its catch stepped in: ${error?.message ?? ''}`,
    })),
    ...rest(caught, 'failures were caught'),
  ]);
}

const WAYS = {
  threw: 'failed',
  timedOut: 'ran out of time',
  outOfMemory: 'ran out of memory',
  killed: 'was killed',
  machineLost: 'lost its machine',
} as const;

function failureOf(task: TaskView): ReportComponent {
  const { name, error } = task;
  const tries = triesOf(task) > 1 ? ` after ${triesOf(task)} attempts` : '';
  return {
    kind: 'error',
    title: `${name} ${error ? (WAYS[error.kind] ?? 'failed') : 'failed'}${tries}`,
    message: error?.message ?? 'It left no message.',
    ...(error?.code === undefined ? {} : { code: error.code }),
    ...(error?.stack === undefined ? {} : { stack: readableStack(error.stack).join('\n') }),
  };
}

function passagesIn(view: RunView): ReturnType<typeof passagesOf> {
  const graph = view.record?.graph;
  return graph ? passagesOf({ ...view, graph }) : [];
}

function stepsTable(view: RunView): Html {
  const passages = passagesIn(view);
  return renderComponents([
    {
      kind: 'table',
      columns: ['step', 'state', 'tasks', 'took', 'longest task', 'makes'],
      rows: view.steps.map((step) => {
        const { text, tone } = stateOf(step, view, passages);
        const span = spanOf(step.tasks);
        const longest = Math.max(0, ...step.tasks.slice(0, 10_000).flatMap((task) => tookOf(task) ?? []));
        const makes = new Set(step.tasks.slice(0, 100).flatMap(({ artifacts }) => Object.keys(artifacts)));
        const { name, tasks } = step;
        return [
          { value: name, to: stepId(name) },
          { value: text, tone },
          tasks.length,
          span ? seconds(span.end - span.start) : null,
          tasks.length > 1 ? seconds(longest) : null,
          [...makes].join(', '),
        ];
      }),
    },
  ]);
}

async function briefs(
  store: RunStore,
  { title, what, flow, keys }: { title: string; what: string; flow: string; keys: RunView['params'] },
): Promise<Html> {
  const rows = Object.entries(keys).map(async ([name, key]) => {
    const { type, text } = await briefIn(store, flow, key);
    return [name, type, text];
  });
  if (rows.length === 0) return html``;
  return renderComponents([
    { kind: 'heading', text: title },
    { kind: 'table', isSortable: false, columns: [what, 'type', 'value'], rows: await Promise.all(rows) },
  ]);
}

function times(view: RunView, now: number): Html {
  const timeline = timelineRows(view, now);
  if (!timeline) return html``;
  const { hidden, rows } = timeline;
  const data = renderComponents([
    { kind: 'table', columns: ['task', 'took'], rows: rows.map(({ label, note }) => [label, note]) },
  ]);
  const picture = timelinePicture({ ...timeline, title: 'When each task ran', data });
  return html`<h2>Times</h2>
    ${picture}${hidden > 0 ? html`<p class="none">The ${rows.length} longest; ${hidden} more are not drawn.</p>` : ''}`;
}

async function steps(store: RunStore, view: RunView): Promise<Html> {
  const passages = passagesIn(view);
  const graph = view.record?.graph;
  const sections = view.steps.map(async (step) =>
    stepSection({
      store,
      step,
      state: stateOf(step, view, passages),
      defined: graph?.steps.find(({ name }) => name === step.name),
      runAt: view.info.createdAt,
      readers: (graph?.steps ?? []).filter(({ after }) => after.includes(step.name)).map(({ name }) => name),
    }),
  );
  if (sections.length === 0) return html``;
  return renderComponents([{ kind: 'heading', text: 'Step by step' }, ...(await Promise.all(sections))]);
}

function environment({ info, record }: RunView): Html {
  const { node, platform, commit, branch, code } = record?.environment ?? {};
  const facts: readonly Fact[] = [
    ['run', `${info.flow}/${info.run}`],
    ['began', `${timeOf(info.createdAt)} UTC`],
    ['by', info.user],
    ['continues', info.origin],
    ['again from', record?.from],
    ['tags', info.tags.join(', ')],
    ['system tags', info.systemTags.join(', ')],
    ['flow', record?.module.split('/').at(-1)],
    ['code (SHA-256)', code],
    ['commit', commit === undefined ? undefined : `${commit}${branch === undefined ? '' : ` on ${branch}`}`],
    ['machine', record?.host],
    ['Node', node],
    ['platform', platform],
    ['owner', record?.graph.owner],
  ];
  return renderComponents([{ kind: 'heading', text: 'How it was made' }, factTable(facts)]);
}
