import type { Flow } from '../../flow/index.ts';
import { branch, choices, grids, linear, loops, squares, troubles } from './flows.ts';

export interface EngineCase {
  readonly name: string;
  readonly flow: Flow;
  /** Beside `folder`. */
  readonly params: Readonly<Record<string, unknown>>;
  /** One of the few that tell most, for engines whose every task takes seconds. */
  readonly isTelling?: boolean;
}

/** What every engine runs, and gives what a run here gives. */
export const engineCases: readonly EngineCase[] = [
  { name: 'steps one after the other', flow: linear, params: { base: 2 } },
  { name: 'branches', flow: branch, params: {} },
  { name: 'lists in lists', flow: grids, params: { size: 4 }, isTelling: true },
  { name: 'no element at all', flow: grids, params: { size: 0 } },
  { name: 'a choice for each element', flow: squares, params: { size: 3 } },
  { name: 'one case of a choice', flow: choices, params: { base: 1 }, isTelling: true },
  { name: 'the other case of a choice', flow: choices, params: { base: 11 } },
  { name: 'what is repeated', flow: loops, params: {}, isTelling: true },
  { name: 'retry, catch and time limits', flow: troubles, params: {}, isTelling: true },
];
