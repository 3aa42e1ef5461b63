import type { Examples } from '../../features/index.ts';
import { DECISION_POINTS, TOKENS } from '../../features/index.ts';

/** Rows of numbers, one an example, laid out row by row. */
export interface FeatureTable {
  readonly names: readonly string[];
  /** `values[row * names.length + column]`. */
  readonly values: Float64Array;
}

/** Column of each token, by token. A purchase has none: no example of the leak-free protocol holds one. */
const COLUMNS = [TOKENS.add, TOKENS.remove, TOKENS.detail, TOKENS.view] as const;
const NAMES = ['add', 'remove', 'detail', 'view', 'eventsAfterAdd'] as const;

/** What a spreadsheet would know of a session: how often each action occurred, and how many events ago the first add was. */
export function countFeatures({ tokens, offsets, decision }: Examples): FeatureTable {
  const columnOf = new Int8Array(8).fill(-1);
  for (const [column, token] of COLUMNS.entries()) columnOf[token] = column;
  const width = NAMES.length;
  const values = new Float64Array(decision.length * width);
  for (let row = 0; row < decision.length; row++) {
    const end = offsets[row + 1] ?? 0;
    for (let i = offsets[row] ?? 0; i < end; i++) {
      const column = columnOf[tokens[i] ?? 0] ?? -1;
      if (column >= 0) values[row * width + column] = (values[row * width + column] ?? 0) + 1;
    }
    values[row * width + width - 1] = DECISION_POINTS[decision[row] ?? 0] ?? 0;
  }
  return { names: NAMES, values };
}
