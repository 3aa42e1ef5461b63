import { type ReportCell, type ReportComponent, type SectionComponent, formatBytes } from '../../report/index.ts';
import type { GraphStep } from '../engine/record.ts';
import type { StepView, TaskView } from '../read-run.ts';
import { seconds } from '../run-display.ts';
import type { RunStore } from '../store/run-store.ts';
import { briefFor } from './brief-for.ts';
import { logsOf } from './logs.ts';
import { stepId } from './picture.ts';
import type { StepState } from './step-states.ts';
import { quantile, tookOf, triesOf } from './times.ts';

/** What a page shows of a step with many tasks: those that a reader looks for first. */
const MOST = { tasks: 60, artifactsOf: 3, logsOf: 12 } as const;

export interface StepSectionOptions {
  readonly store: RunStore;
  readonly step: StepView;
  readonly state: StepState;
  /** The step as it is defined, where that is known. */
  readonly defined: GraphStep | undefined;
  /** When the run began, in milliseconds since 1970. */
  readonly runAt: number;
  /** Steps that read what this one makes. */
  readonly readers: readonly string[];
}

/** All that is known of a step, folded away: its tasks, what they made, what they logged. */
export async function stepSection({
  store,
  step,
  state,
  defined,
  runAt,
  readers,
}: StepSectionOptions): Promise<SectionComponent> {
  const { name, tasks } = step;
  const urgent = tasks.toSorted((a, b) => urgency(a) - urgency(b));
  const shown = tasks.length <= MOST.tasks ? tasks : urgent.slice(0, MOST.tasks);
  const inputs = Object.entries(defined?.inputs ?? {});
  const logs = await Promise.all(urgent.slice(0, MOST.logsOf).map((task) => logsOf(store, task)));
  const components: readonly ReportComponent[] = [
    ...(defined?.about === undefined ? [] : [{ kind: 'text', text: defined.about } as const]),
    ...(inputs.length === 0
      ? []
      : [
          {
            kind: 'table',
            caption: 'What it reads',
            columns: ['input', 'from'],
            rows: inputs.map(([input, from]) => [input, source(from)]),
          } as const,
        ]),
    ...(tasks.length === 0 ? [] : [taskTable(shown, tasks, runAt)]),
    ...(await artifactTable(store, tasks, readers)),
    ...logs.flat(),
  ];
  return {
    kind: 'section',
    id: stepId(name),
    title: name,
    note: [state.text, ...(tasks.length > 1 ? [`${tasks.length} tasks`] : [])].join(', '),
    tone: state.tone,
    components: components.length > 0 ? components : [{ kind: 'text', text: 'Nothing of it has run.' }],
  };
}

/** An input that comes from a step leads there. */
function source(from: string): ReportCell {
  const step = /^(?:every |the last )*(\w+)(?:\.\w+)?$/.exec(from)?.[1];
  return step === undefined ? from : { value: from, to: stepId(step) };
}

/** Failed ones first, then what is out of the ordinary. */
function urgency({ state, isCaught, attempts }: TaskView): number {
  if (state === 'failed') return 0;
  if (state === 'lost') return 1;
  if (state === 'running') return 2;
  return isCaught ? 3 : attempts > 1 ? 4 : 5;
}

function taskTable(shown: readonly TaskView[], all: readonly TaskView[], runAt: number): ReportComponent {
  const took = all.flatMap((task) => tookOf(task) ?? []).sort((a, b) => a - b);
  const summary =
    took.length < 3
      ? 'Tasks'
      : `Tasks: half of them took at most ${seconds(quantile(took, 0.5))}, 95 of 100 at most ${seconds(quantile(took, 0.95))}, the longest ${seconds(took.at(-1) ?? 0)}`;
  const rest = all.length - shown.length;
  return {
    kind: 'table',
    caption: rest > 0 ? `${summary}. ${shown.length} of ${all.length} are listed` : summary,
    columns: ['task', 'state', 'began after', 'took', 'attempts', 'path'],
    rows: shown.map((task) => {
      const time = tookOf(task);
      const tone = task.state === 'failed' ? 'bad' : task.isCaught || task.state === 'lost' ? 'warn' : 'plain';
      return [
        task.name,
        { value: task.from === undefined ? (task.isCaught ? 'caught' : task.state) : 'taken over', tone },
        seconds(Math.max(0, task.createdAt - runAt)),
        time === undefined ? null : seconds(time),
        triesOf(task),
        `${task.path.step}/${task.path.task}`,
      ];
    }),
  };
}

async function artifactTable(
  store: RunStore,
  tasks: readonly TaskView[],
  readers: readonly string[],
): Promise<readonly ReportComponent[]> {
  const having = tasks.filter(({ artifacts }) => Object.keys(artifacts).length > 0);
  const shown = having.slice(0, MOST.artifactsOf);
  const rows = await Promise.all(
    shown.flatMap((task) =>
      Object.keys(task.artifacts).map(async (name): Promise<readonly ReportCell[]> => {
        const { type, text, bytes } = await briefFor(store, task, name);
        const size = bytes === undefined ? null : formatBytes(bytes);
        return [...(tasks.length > 1 ? [task.name] : []), name, type, size, text];
      }),
    ),
  );
  if (rows.length === 0) return [];
  const of = having.length > shown.length ? ` of the first ${shown.length} of ${having.length} tasks` : '';
  const to = readers.length > 0 ? `, read by ${readers.join(', ')}` : '';
  return [
    {
      kind: 'table',
      caption: `Artifacts${of}${to}`,
      columns: [...(tasks.length > 1 ? ['task'] : []), 'artifact', 'type', 'size', 'value'],
      rows,
    },
  ];
}
