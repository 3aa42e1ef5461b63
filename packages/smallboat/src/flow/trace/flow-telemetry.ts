import type { Attributes, EndedSpan, Telemetry, TraceContext } from '../../telemetry/index.ts';
import type { RunEvent } from '../engine/events.ts';

/** Seconds: from a step that does nothing to a training of hours. */
const BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400];

/** Spans and metrics of a run. */
export interface FlowTelemetry {
  /** Where the run is in its trace: what is asked by its steps belongs there. */
  readonly context: TraceContext;
  /** Takes an event of the run. */
  readonly tell: (event: RunEvent) => void;
}

interface Task {
  readonly name: string;
  readonly context: TraceContext;
  readonly startedAt: number;
  attempts: number;
  readonly events: { readonly name: string; readonly at: number; readonly attributes: Attributes }[];
}

interface Step {
  readonly context: TraceContext;
  readonly startedAt: number;
  endedAt: number;
  tasks: number;
  failure?: string;
}

/**
 * A run as a trace: the run, in it each step from its first task to its last, in it each task with what went wrong on the way. And how long runs and
 * tasks took, as metrics.
 */
export function flowTelemetry(
  telemetry: Telemetry,
  { parent, clock = Date.now }: { readonly parent?: TraceContext | undefined; readonly clock?: () => number } = {},
): FlowTelemetry {
  const context = telemetry.begin(parent);
  const tasksSeconds = telemetry.meter.histogram('smallboat.task.duration', {
    unit: 's',
    about: 'How long tasks took, all their attempts',
    bounds: BOUNDS,
  });
  const runsSeconds = telemetry.meter.histogram('smallboat.run.duration', {
    unit: 's',
    about: 'How long runs took',
    bounds: BOUNDS,
  });
  const tasks = new Map<string, Task>();
  const steps = new Map<string, Step>();
  let run = { flow: '', id: '', startedAt: 0 };
  let failure: string | undefined;

  const place = (): Attributes => ({ 'smallboat.flow': run.flow, 'smallboat.run': run.id });
  const emit = (ended: Omit<EndedSpan, 'kind'>, own: TraceContext): void =>
    telemetry.span(own, { ...ended, kind: 'internal' });
  const stepOf = (name: string, at: number): Step => {
    const found = steps.get(name) ?? { context: telemetry.begin(context), startedAt: at, endedAt: at, tasks: 0 };
    steps.set(name, found);
    return found;
  };
  const endTask = (event: Extract<RunEvent, { kind: 'taskEnded' }>): void => {
    const { step: name, path, state, at, error } = event;
    const step = stepOf(name, at);
    const task = tasks.get(path.task);
    tasks.delete(path.task);
    step.tasks += 1;
    step.endedAt = Math.max(step.endedAt, at);
    if (error) failure ??= step.failure ??= error.message;
    const startedAt = task?.startedAt ?? at;
    tasksSeconds.record((at - startedAt) / 1000, {
      'smallboat.flow': run.flow,
      'smallboat.step': name,
      'smallboat.state': state,
    });
    emit(
      {
        name: task?.name ?? name,
        parentSpanId: step.context.spanId,
        startedAt,
        endedAt: at,
        attributes: {
          ...place(),
          'smallboat.step': name,
          'smallboat.task': path.task,
          'smallboat.state': state,
          'smallboat.attempts': task?.attempts ?? 0,
          ...(error ? { 'error.type': error.code ?? error.kind } : {}),
        },
        ...(task ? { events: task.events } : {}),
        ...(error ? { failure: error.message } : {}),
      },
      task?.context ?? telemetry.begin(step.context),
    );
  };
  const endRun = ({ state, at }: Extract<RunEvent, { kind: 'runEnded' }>): void => {
    for (const [name, step] of steps) {
      const attributes = { ...place(), 'smallboat.step': name, 'smallboat.tasks': step.tasks };
      const { startedAt, endedAt } = step;
      const wrong = step.failure === undefined ? {} : { failure: step.failure };
      emit(
        { name: `step ${name}`, parentSpanId: context.spanId, startedAt, endedAt, attributes, ...wrong },
        step.context,
      );
    }
    runsSeconds.record((at - run.startedAt) / 1000, { 'smallboat.flow': run.flow, 'smallboat.state': state });
    emit(
      {
        name: `run ${run.flow}`,
        ...(parent ? { parentSpanId: parent.spanId } : {}),
        startedAt: run.startedAt,
        endedAt: at,
        attributes: { ...place(), 'smallboat.state': state },
        ...(state === 'done' ? {} : { failure: failure ?? state }),
      },
      context,
    );
  };
  return {
    context,
    tell(event) {
      switch (event.kind) {
        case 'runStarted':
          run = { flow: event.flow, id: event.run, startedAt: event.at };
          return;
        case 'taskStarted': {
          const { path, task: name, attempt, at } = event;
          const step = stepOf(event.step, at);
          const before = tasks.get(path.task);
          if (before) before.attempts = attempt + 1;
          else {
            const own = telemetry.begin(step.context);
            tasks.set(path.task, { name, context: own, startedAt: at, attempts: attempt + 1, events: [] });
          }
          return;
        }
        case 'taskRetried':
        case 'taskCaught': {
          const { kind, path, error } = event;
          const attributes = { 'exception.type': error.code ?? error.kind, 'exception.message': error.message };
          const name = kind === 'taskRetried' ? 'attempt failed' : 'caught';
          tasks.get(path.task)?.events.push({ name, at: clock(), attributes });
          return;
        }
        case 'taskEnded':
          return endTask(event);
        case 'runEnded':
          return endRun(event);
        case 'hookFailed':
        case 'taskLogged':
        case 'taskProgress':
        case 'tasksKnown':
      }
    },
  };
}
