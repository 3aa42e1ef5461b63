import type { Flow } from '../../flow/index.ts';
import { branch, choices, grids, linear, loops, troubles } from './flows.ts';

export interface EngineCase {
  readonly name: string;
  readonly flow: Flow;
  /** Beside `folder`. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** What every engine runs, and gives what a run here gives. */
export const engineCases: readonly EngineCase[] = [
  { name: 'steps one after the other', flow: linear, params: { base: 2 } },
  { name: 'branches', flow: branch, params: {} },
  { name: 'lists in lists', flow: grids, params: { size: 4 } },
  { name: 'no element at all', flow: grids, params: { size: 0 } },
  { name: 'one case of a choice', flow: choices, params: { base: 1 } },
  { name: 'the other case of a choice', flow: choices, params: { base: 11 } },
  { name: 'what is repeated', flow: loops, params: {} },
  { name: 'retry, catch and time limits', flow: troubles, params: {} },
];
