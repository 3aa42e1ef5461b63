import type { Tone } from '../../report/index.ts';
import type { RunView, StepView } from '../read-run.ts';
import type { Passage } from './passages.ts';

/** How a step is said to stand. */
export interface StepState {
  readonly text: string;
  readonly tone: Tone;
  /** It did not run, and will not in this run. */
  readonly isFaint: boolean;
}

/** The state of a step in words for people: why nothing of it ran is in them. */
export function stateOf(step: StepView, view: RunView, passages: readonly Passage[]): StepState {
  const { tasks } = step;
  const faint = (text: string): StepState => ({ text, tone: 'plain', isFaint: true });
  if (step.state === 'waiting' || step.state === 'skipped') {
    const scope = view.record?.graph.steps.find(({ name }) => name === step.name)?.scope ?? [];
    if (passages.some(({ place, isPassedBy }) => isPassedBy && scope.includes(place))) return faint('not taken');
    if (view.state === 'running') return { text: 'waiting', tone: 'plain', isFaint: false };
    return faint(step.state === 'skipped' ? 'nothing to do' : 'not reached');
  }
  const clear = (text: string, tone: Tone): StepState => ({ text, tone, isFaint: false });
  if (step.state === 'failed') return clear('failed', 'bad');
  if (step.state === 'lost') return clear('lost', 'warn');
  if (step.state === 'running') return clear('running', 'plain');
  if (tasks.some(({ isCaught }) => isCaught)) return clear('caught', 'warn');
  return clear(tasks.every(({ from }) => from !== undefined) ? 'taken over' : 'done', 'good');
}
