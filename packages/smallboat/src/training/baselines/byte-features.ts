import type { Examples } from '../../features/index.ts';
import { TOKENS } from '../../features/index.ts';
import type { ByteTable } from './boosting.ts';

const COUNTED = [TOKENS.add, TOKENS.remove, TOKENS.detail, TOKENS.view] as const;
const NAMES = ['adds', 'removes', 'details', 'views', 'point'] as const;

/**
 * An example as a spreadsheet would have it, in bytes: how often each action occurred (up to 255), the decision point, and where events
 * have contexts all that is known of the last event (time since the one before and since the first, counts so far, time of
 * the day) and how often each value of each category occurred, as each page.
 */
export function byteFeatures({ tokens, offsets, decision, context }: Examples): ByteTable {
  const columns = context?.columns ?? [];
  const rows = context?.rows ?? new Uint8Array();
  const first = context?.first;
  const counted = columns.flatMap((column, at) => (column.kind === 'category' ? [{ ...column, at }] : []));
  const names = [
    ...NAMES,
    ...columns.map(({ name }) => `last ${name}`),
    ...counted.flatMap(({ name, size }) => Array.from({ length: size }, (_, value) => `${name} ${value}`)),
  ];
  const width = names.length;
  const values = new Uint8Array(decision.length * width);
  const columnOf = new Int8Array(8).fill(-1);
  for (const [column, token] of COUNTED.entries()) columnOf[token] = column;
  const countUp = (at: number): void => {
    if ((values[at] ?? 0) < 255) values[at] = (values[at] ?? 0) + 1;
  };
  for (let example = 0; example < decision.length; example++) {
    const base = example * width;
    const from = offsets[example] ?? 0;
    const to = offsets[example + 1] ?? 0;
    for (let i = from; i < to; i++) {
      const column = columnOf[tokens[i] ?? 0] ?? -1;
      if (column >= 0) countUp(base + column);
    }
    values[base + NAMES.length - 1] = decision[example] ?? 0;
    if (first === undefined || to - from < 2) continue;
    const begin = first[example] ?? 0;
    const events = to - from - 1;
    for (let c = 0; c < columns.length; c++) {
      values[base + NAMES.length + c] = rows[(begin + events - 1) * columns.length + c] ?? 0;
    }
    let block = base + NAMES.length + columns.length;
    for (const { at, size } of counted) {
      for (let e = 0; e < events; e++) countUp(block + (rows[(begin + e) * columns.length + at] ?? 0));
      block += size;
    }
  }
  return { names, values };
}
