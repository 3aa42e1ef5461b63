import type { Column, Examples } from '../../packages/smallboat/src/features/index.ts';
import { examplesOf } from '../../packages/smallboat/src/features/index.ts';
import { syntheticSequences } from './synthetic-sequences.ts';

export const SESSION_COLUMNS: readonly Column[] = [
  { kind: 'number', name: 'gap', low: -0.8, high: 3.2 },
  { kind: 'category', name: 'page', size: 6 },
  { kind: 'category', name: 'price', size: 3 },
];

/** Sessions of up to three examples, each the beginning of the next, whose events have contexts. */
export function syntheticSessions(count: number, seed: number): Examples {
  const { tokens, offsets, labels } = syntheticSequences(count, seed);
  const list: { tokens: Uint8Array; label: 0 | 1 }[] = [];
  const session: number[] = [];
  const first: number[] = [];
  const rows: number[] = [];
  for (let s = 0; s < count; s++) {
    const whole = tokens.subarray(offsets[s], Math.min(offsets[s + 1] ?? 0, (offsets[s] ?? 0) + 30));
    const begin = rows.length / SESSION_COLUMNS.length;
    for (let i = 1; i < whole.length; i++)
      rows.push((s * 31 + i * 17) % 256, (s + i * (whole[i] ?? 0)) % 6, (s * i) % 3);
    for (let cut = 0; cut < 3 && whole.length - 2 * cut >= 2; cut++) {
      list.push({ tokens: whole.subarray(0, whole.length - 2 * cut), label: labels[s] === 1 ? 1 : 0 });
      session.push(s);
      first.push(begin);
    }
  }
  return {
    ...examplesOf(list),
    session: Uint32Array.from(session),
    context: { columns: SESSION_COLUMNS, rows: Uint8Array.from(rows), first: Uint32Array.from(first) },
  };
}
