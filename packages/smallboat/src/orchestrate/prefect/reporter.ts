import type { Flow, RunEvent } from '../../flow/index.ts';
import type { Prefect } from './prefect-api.ts';

/** Levels of Python's logging. */
const LEVEL = { stdout: 20, stderr: 30 } as const;
/** Milliseconds for which lines of logs are gathered. */
const GATHER = 500;

/** What a run tells, told to Prefect in its order: task runs with their states, and logs. */
export interface Reporter {
  /** Takes an event of a run; it never throws, and nothing waits for it. */
  readonly tell: (event: RunEvent) => void;
  readonly say: (message: string, level?: number) => void;
  /** Waits until all has been told. Rejects with what went wrong first. */
  flush(): Promise<void>;
}

interface State {
  readonly type: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SCHEDULED';
  readonly name: string;
  readonly message?: string;
}

export function reporter(api: Prefect, flow: Flow, flowRunId: string): Reporter {
  const befores = new Map(flow.dag().steps.map(({ name, after }) => [name, after]));
  /** Task runs by the task's id, in the order of their beginning. */
  const taskRuns = new Map<string, Promise<string>>();
  const idsOf = new Map<string, string[]>();
  let chain: Promise<unknown> = Promise.resolve();
  let trouble: unknown;
  let lines: object[] = [];
  let timer: NodeJS.Timeout | undefined;

  const queue = (work: () => Promise<unknown>): void => {
    chain = chain.then(work).catch((error: unknown) => (trouble ??= error));
  };
  const sendLines = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const all = lines;
    lines = [];
    for (let i = 0; i < all.length; i += 500) queue(() => api.ask('POST', '/logs/', all.slice(i, i + 500)));
  };
  const log = (message: string, { level, task }: { readonly level: number; readonly task?: string }): void => {
    const timestamp = new Date().toISOString();
    queue(async () => {
      const id = task === undefined ? undefined : await taskRuns.get(task);
      const name = id === undefined ? 'prefect.flow_runs' : 'prefect.task_runs';
      const own = id === undefined ? {} : { task_run_id: id };
      lines.push({ name, level, message, timestamp, flow_run_id: flowRunId, ...own });
      timer ??= setTimeout(sendLines, GATHER);
    });
  };
  const begin = (step: string, task: string, name: string): void => {
    if (taskRuns.has(task)) return;
    const made = Promise.withResolvers<string>();
    made.promise.catch(() => undefined);
    taskRuns.set(task, made.promise);
    queue(async () => {
      const parents = (befores.get(step) ?? []).flatMap((before) => idsOf.get(before) ?? []);
      const { id } = await api.ask<{ id: string }>('POST', '/task_runs/', {
        flow_run_id: flowRunId,
        task_key: step,
        dynamic_key: task,
        name,
        task_inputs: { after: parents.map((parent) => ({ input_type: 'task_run', id: parent })) },
        state: { type: 'PENDING', name: 'Pending' },
      });
      idsOf.set(step, [...(idsOf.get(step) ?? []), id]);
      made.resolve(id);
    });
  };
  const set = (task: string, state: State): void => {
    queue(async () => {
      const id = await taskRuns.get(task);
      if (id !== undefined) await api.ask('POST', `/task_runs/${id}/set_state`, { state, force: true });
    });
  };

  const tell = (event: RunEvent): void => {
    switch (event.kind) {
      case 'runStarted':
        return log(`The run is ${event.flow}/${event.run}: smallboat show ${event.flow}/${event.run}`, { level: 20 });
      case 'taskStarted':
        begin(event.step, event.path.task, event.task);
        return set(event.path.task, { type: 'RUNNING', name: event.attempt === 0 ? 'Running' : 'Retrying' });
      case 'taskLogged':
        for (const line of event.text.split('\n')) {
          if (line !== '') log(line, { level: LEVEL[event.stream], task: event.path.task });
        }
        return;
      case 'taskRetried':
        log(`Attempt ${event.attempt} failed: ${event.error.message}`, { level: 30, task: event.path.task });
        return set(event.path.task, { type: 'SCHEDULED', name: 'AwaitingRetry', message: event.error.message });
      case 'taskCaught':
        return log(`It failed, and its catch takes its place: ${event.error.message}`, {
          level: 30,
          task: event.path.task,
        });
      case 'taskEnded':
        begin(event.step, event.path.task, event.step);
        return set(event.path.task, endOf(event));
      case 'hookFailed':
        return log(`${event.hook} failed: ${event.error.message}`, { level: 30 });
      case 'runEnded':
      case 'taskProgress':
      case 'tasksKnown':
    }
  };
  return {
    tell,
    say: (message, level = 20) => log(message, { level }),
    async flush() {
      // What is queued may add lines.
      await chain;
      sendLines();
      await chain;
      if (trouble !== undefined) throw trouble;
    },
  };
}

function endOf({ state, error }: Extract<RunEvent, { kind: 'taskEnded' }>): State {
  switch (state) {
    case 'failed':
      return { type: 'FAILED', name: 'Failed', message: error?.message ?? '' };
    case 'stopped':
      return { type: 'CANCELLED', name: 'Cancelled' };
    case 'cloned':
    case 'cached':
      return { type: 'COMPLETED', name: 'Cached', message: 'Taken over from an earlier run' };
    case 'done':
      break;
  }
  return { type: 'COMPLETED', name: 'Completed' };
}
