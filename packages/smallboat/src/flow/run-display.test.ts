import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Io } from '../kernel/index.ts';
import { each } from './compose/each.ts';
import { flow } from './compose/flow.ts';
import { step } from './compose/step.ts';
import type { RunEvent } from './engine/events.ts';
import { runDisplay, seconds } from './run-display.ts';

const list = step('list', { run: () => ({ xs: [1] }) });
const train = step('train', { run: ({ x }: { x: number }) => ({ x }) });
const dag = flow('F', {}, () => each(list({}).xs, (x) => train({ x }))).dag();

const at = 1000;
const path = (task: string) => ({ flow: 'F', run: '1', step: 'train', task });
const started = (task: string): RunEvent => ({
  kind: 'taskStarted',
  step: 'train',
  path: path(task),
  task,
  attempt: 0,
  at,
});
const ended = (task: string, state: 'done' | 'cloned' | 'failed'): RunEvent => ({
  kind: 'taskEnded',
  step: 'train',
  path: path(task),
  state,
  at,
});
const known = (count: number): RunEvent => ({ kind: 'tasksKnown', step: 'train', count });
const begin: RunEvent = { kind: 'runStarted', flow: 'F', run: '1', steps: [], at };

function shown(isTerminal: boolean, columns = 80) {
  const lines: string[] = [];
  const drawn: string[] = [];
  const io: Io = {
    cwd: '/',
    env: {},
    isTerminal,
    columns,
    out: () => undefined,
    err: (line) => void lines.push(line),
    draw: (text) => void drawn.push(text),
  };
  return { lines, drawn, tell: runDisplay(io, dag, { now: () => Date.now() }) };
}

beforeEach(() => void vi.useFakeTimers({ now: at }));
afterEach(() => void vi.useRealTimers());

describe('elsewhere than on a terminal', () => {
  it('says one line when a step begins and one when all of its tasks have ended', () => {
    const { lines, drawn, tell } = shown(false);
    for (const event of [begin, known(2), started('1'), started('2')]) tell(event);
    vi.advanceTimersByTime(12_000);
    tell(ended('1', 'done'));
    tell(ended('2', 'done'));
    tell({ kind: 'runEnded', state: 'done', at: at + 65_000 });
    expect(lines).toEqual(['Run F/1', 'start  train', 'done   train  2 tasks, 12 s', 'Done in 1 min 5 s']);
    expect(drawn).toEqual([]);
  });

  it('tells what was taken over from what was run', () => {
    const { lines, tell } = shown(false);
    for (const event of [begin, known(2), ended('1', 'cloned'), ended('2', 'cloned')]) tell(event);
    expect(lines.at(-1)).toBe('done   train  2 tasks, taken over');
  });
});

describe('on a terminal', () => {
  it('draws a bar over the tasks, ten times a second at most, and wipes it for what stays', () => {
    const { lines, drawn, tell } = shown(true);
    for (const event of [begin, known(4), started('1'), started('2'), ended('1', 'done')]) tell(event);
    for (let i = 0; i < 1000; i += 1) {
      tell({
        kind: 'taskProgress',
        step: 'train',
        path: path('2'),
        progress: { fraction: i / 2000, message: `row ${i}` },
      });
    }
    expect(drawn).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(drawn.length).toBe(10);
    expect(drawn.at(-1)?.startsWith('\u001b[1A\u001b[J')).toBe(true);
    expect(drawn.at(-1)).toMatch(/J. {2}train {2}█{7}░{13} {2}1\/4 {2}1\.0 s {2}row 999\n$/u);
    for (const task of ['2', '3', '4']) tell(ended(task, 'done'));
    expect(drawn.at(-1)).toBe('\u001b[1A\u001b[J');
    expect(lines.at(-1)).toBe('✓ train  4 tasks, 1.0 s');
    tell({ kind: 'runEnded', state: 'done', at });
  });

  it.each([20, 0])('keeps a line within %i columns, where 0 means unknown', (columns) => {
    const { drawn, tell } = shown(true, columns);
    for (const event of [begin, known(4), started('1')]) tell(event);
    tell({
      kind: 'taskProgress',
      step: 'train',
      path: path('1'),
      progress: { fraction: 0.5, message: 'x'.repeat(200) },
    });
    vi.advanceTimersByTime(100);
    expect(drawn[0]?.trimEnd().length).toBe((columns || 80) - 1);
    tell({ kind: 'runEnded', state: 'done', at });
  });
});

it.each([
  [0, '0 ms'],
  [94, '94 ms'],
  [95, '0.1 s'],
  [9949, '9.9 s'],
  [59_400, '59 s'],
  [125_000, '2 min 5 s'],
])('%i milliseconds are %s', (ms, text) => {
  expect(seconds(ms)).toBe(text);
});
