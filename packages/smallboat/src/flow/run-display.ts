import type { Io } from '../kernel/index.ts';
import type { Dag } from './definition.ts';
import type { RunEvent } from './engine/events.ts';

interface StepState {
  readonly name: string;
  total: number | undefined;
  done: number;
  cloned: number;
  failed: number;
  /** Fraction done of each running task, by its id. */
  readonly running: Map<string, number>;
  startedAt: number | undefined;
  /** When a running task last said how far it is. */
  message: string | undefined;
  hasEnded: boolean;
}

/** What the display needs of the outside: `now` in milliseconds, for tests. */
export interface DisplayOptions {
  readonly now?: () => number;
  /** Shows what tasks print, each line with the task's name before it. Default true. */
  readonly showsLogs?: boolean;
}

/**
 * Shows a run on `io.err`: on a terminal one line a step, those that run redrawn in place; elsewhere a plain line when
 * a step begins and when it ends. Events are cheap: the terminal is redrawn ten times a second at most.
 */
export function runDisplay(
  io: Io,
  dag: Dag,
  { now = Date.now, showsLogs = true }: DisplayOptions = {},
): (event: RunEvent) => void {
  const width = Math.max(4, ...dag.steps.map((s) => s.name.length));
  const steps = new Map(dag.steps.map(({ name }): [string, StepState] => [name, newState(name)]));
  const live = io.isTerminal ? liveArea(io) : undefined;
  let runAt = now();
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;
  /** Lines that have not ended yet, by task and stream. */
  const pieces = new Map<string, string>();

  const say = (line: string): void => {
    live?.clear();
    io.err(line);
  };
  const redraw = (): void => {
    if (!live) return;
    frame += 1;
    const running = [...steps.values()].filter((s) => s.startedAt !== undefined && !s.hasEnded);
    live.draw(running.map((state) => liveLine(state, { width, frame, now: now() })));
  };
  const sayLog = (task: string, stream: string, text: string): void => {
    const name = `${task} ${stream}`;
    const lines = `${pieces.get(name) ?? ''}${text}`.split('\n');
    pieces.set(name, lines.pop() ?? '');
    for (const line of lines) say(`${task} | ${line}`);
  };
  const endIfDone = (state: StepState): void => {
    if (state.hasEnded || state.total === undefined || state.done + state.cloned + state.failed < state.total) return;
    state.hasEnded = true;
    if (state.total === 0) return say(`${io.isTerminal ? '– ' : 'skip   '}${state.name.padEnd(width)}  nothing to do`);
    const count = state.total === 1 ? '' : `${state.total} tasks, `;
    const cloned = state.cloned > 0 && state.cloned < state.total ? ` (${state.cloned} taken over)` : '';
    const took = state.startedAt === undefined ? 'taken over' : `${seconds(now() - state.startedAt)}${cloned}`;
    if (state.failed === 0) say(`${io.isTerminal ? '✓ ' : 'done   '}${state.name.padEnd(width)}  ${count}${took}`);
  };

  return (event) => {
    const state = 'step' in event ? steps.get(event.step) : undefined;
    switch (event.kind) {
      case 'runStarted':
        runAt = event.at;
        say(`Run ${event.flow}/${event.run}`);
        if (live) (timer = setInterval(redraw, 100)).unref();
        return;
      case 'runEnded':
        clearInterval(timer);
        live?.clear();
        if (event.state === 'done') say(`Done in ${seconds(event.at - runAt)}`);
        return;
      case 'tasksKnown':
        if (!state) return;
        state.total = event.count;
        return endIfDone(state);
      case 'taskStarted':
        if (!state) return;
        state.running.set(event.path.task, 0);
        if (state.startedAt === undefined) {
          state.startedAt = now();
          if (!live) say(`start  ${state.name}`);
        }
        return;
      case 'taskProgress':
        if (!state) return;
        state.running.set(event.path.task, event.progress.fraction);
        state.message = event.progress.message;
        return;
      case 'taskLogged':
        if (showsLogs) sayLog(event.task, event.stream, event.text);
        return;
      case 'hookFailed':
        say(`${event.hook} failed, which changes nothing of the run: ${firstLine(event.error.message)}`);
        return;
      case 'taskCaught':
        say(`${event.task}: failed, its catch steps in: ${firstLine(event.error.message)}`);
        return;
      case 'taskRetried':
        say(
          `${event.task}: attempt ${event.attempt + 1} failed, again in ${event.afterSeconds} s: ${firstLine(event.error.message)}`,
        );
        return;
      case 'taskEnded': {
        if (!state) return;
        state.running.delete(event.path.task);
        if (event.state === 'done') state.done += 1;
        if (event.state === 'cloned' || event.state === 'cached') state.cloned += 1;
        if (event.state === 'failed') {
          state.failed += 1;
          const others = [...steps.values()].reduce((sum, s) => sum + s.running.size, 0);
          const wait = others === 0 ? '' : `; waiting for ${others} running, Ctrl-C stops them`;
          say(
            `${io.isTerminal ? '✗ ' : 'failed '}${state.name.padEnd(width)}  ${seconds(now() - (state.startedAt ?? now()))}${wait}`,
          );
        }
        return endIfDone(state);
      }
    }
  };
}

function newState(name: string): StepState {
  return {
    name,
    total: undefined,
    done: 0,
    cloned: 0,
    failed: 0,
    running: new Map(),
    startedAt: undefined,
    message: undefined,
    hasEnded: false,
  };
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

function liveLine(state: StepState, at: { width: number; frame: number; now: number }): string {
  const took = at.now - (state.startedAt ?? at.now);
  const total = state.total ?? 1;
  const done = state.done + state.cloned;
  const fraction = (done + [...state.running.values()].reduce((a, b) => a + b, 0)) / Math.max(1, total);
  const parts = [
    spinner[at.frame % spinner.length] ?? '',
    state.name.padEnd(at.width),
    fraction > 0 || total > 1 ? bar(fraction) : '',
    total > 1 ? `${done}/${total}` : fraction > 0 ? `${Math.round(100 * fraction)} %` : '',
    seconds(took),
    state.failed > 0 ? `${state.failed} failed` : '',
    state.running.size > 0 ? (state.message ?? '') : 'waits to be tried again',
  ];
  return parts.filter((part) => part !== '').join('  ');
}

function bar(fraction: number): string {
  const full = Math.round(20 * Math.min(1, fraction));
  return '█'.repeat(full) + '░'.repeat(20 - full);
}

/** `40 ms`, `0.3 s`, `12 s`, `2 min 5 s` */
export function seconds(milliseconds: number): string {
  const s = Math.max(0, milliseconds) / 1000;
  if (s < 0.095) return `${Math.round(1000 * s)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  const whole = Math.round(s);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

/** The lines at the bottom of the terminal that are drawn over. */
function liveArea(io: Io): { draw(lines: readonly string[]): void; clear(): void } {
  // A terminal that does not know its width says 0.
  const columns = io.columns > 0 ? io.columns : 80;
  let drawn = 0;
  let last = '';
  const clear = (): void => {
    if (drawn > 0) io.draw(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
    last = '';
  };
  return {
    clear,
    draw(lines) {
      const most = 12;
      const shown =
        lines.length > most ? [...lines.slice(0, most - 1), `… and ${lines.length - most + 1} more`] : lines;
      const text = shown.map((line) => `${line.slice(0, columns - 1)}\n`).join('');
      if (text === last) return;
      const up = drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '';
      io.draw(up + text);
      drawn = shown.length;
      last = text;
    },
  };
}
