import type { Cell } from '../../warehouse/index.ts';
import { isNumeric } from '../dialect/type-family.ts';

export interface Side {
  readonly type: string;
  /** Edges of bins for numbers; lists of texts that count as one for others. */
  readonly bins: readonly unknown[] | undefined;
  /** Most bins or values that are made; the rarest others count as one. */
  readonly most: number;
}

interface Counted {
  readonly a: Cell;
  readonly b: Cell;
  readonly n: number;
}

export interface CrossTable {
  /** Cramér's phi, from 0 (independent) to 1. */
  readonly phi: number;
  readonly table: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/**
 * How strongly two columns depend on each other, from how often each pair of values occurs. Numbers are put into bins of
 * equal width; a missing value is a value of its own.
 */
export function crossTable(counts: readonly Counted[], a: Side, b: Side): CrossTable {
  const [labelA, labelB] = [
    labeller(
      counts.map((c) => ({ value: c.a, n: c.n })),
      a,
    ),
    labeller(
      counts.map((c) => ({ value: c.b, n: c.n })),
      b,
    ),
  ];
  const table = new Map<string, Map<string, number>>();
  for (const { a: x, b: y, n } of counts) {
    const row = table.get(labelA(x)) ?? new Map<string, number>();
    row.set(labelB(y), (row.get(labelB(y)) ?? 0) + n);
    table.set(labelA(x), row);
  }
  return {
    phi: phiOf(table),
    table: Object.fromEntries([...table].map(([key, row]) => [key, Object.fromEntries(row)])),
  };
}

function phiOf(table: ReadonlyMap<string, ReadonlyMap<string, number>>): number {
  const columns = [...new Set([...table.values()].flatMap((row) => [...row.keys()]))];
  const rows = [...table.values()];
  const rowSums = rows.map((row) => [...row.values()].reduce((s, n) => s + n, 0));
  const columnSums = columns.map((key) => rows.reduce((s, row) => s + (row.get(key) ?? 0), 0));
  const all = rowSums.reduce((s, n) => s + n, 0);
  const least = Math.min(rows.length, columns.length) - 1;
  if (least < 1) return Number.NaN;
  // With one degree of freedom each cell is brought half a count nearer (Yates), as scipy does.
  const isSmall = (rows.length - 1) * (columns.length - 1) === 1;
  let chi2 = 0;
  rows.forEach((row, i) => {
    columns.forEach((key, j) => {
      const expected = ((rowSums[i] ?? 0) * (columnSums[j] ?? 0)) / all;
      const off = Math.abs((row.get(key) ?? 0) - expected);
      chi2 += (isSmall ? off - Math.min(0.5, off) : off) ** 2 / expected;
    });
  });
  return Math.max(Math.min(Math.sqrt(chi2 / all / least), 1), 0);
}

function labeller(
  counts: readonly { readonly value: Cell; readonly n: number }[],
  side: Side,
): (value: Cell) => string {
  return isNumeric(side.type) ? binned(counts, side) : grouped(counts, side);
}

function binned(counts: readonly { readonly value: Cell }[], { bins, most }: Side): (value: Cell) => string {
  const numbers = counts.flatMap(({ value }) => (value === null ? [] : [Number(value)]));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const given = bins === undefined ? undefined : [...new Set(bins.map(Number))].sort((x, y) => x - y);
  const width = high > low ? (high - low) / most : 1 / most;
  const from = high > low ? low : low - 0.5;
  const edges =
    given === undefined
      ? Array.from({ length: most + 1 }, (_, i) => (i === most && high > low ? high : from + i * width))
      : [...(low < (given[0] ?? low) ? [low] : []), ...given, ...(high > (given.at(-1) ?? high) ? [high] : [])];
  return (value) => {
    if (value === null) return '(missing)';
    const at = edges.findLastIndex((edge) => edge <= Number(value));
    return `bin ${Math.min(at, edges.length - 2)}`;
  };
}

function grouped(
  counts: readonly { readonly value: Cell; readonly n: number }[],
  { bins, most }: Side,
): (value: Cell) => string {
  const text = (value: Cell): string =>
    value === null ? '(missing)' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (bins !== undefined) {
    const groups = bins.map((group) => (Array.isArray(group) ? group.map(String) : [String(group)]));
    return (value) => groups.find((group) => group.includes(text(value)))?.join(', ') ?? text(value);
  }
  const totals = new Map<string, number>();
  for (const { value, n } of counts) if (value !== null) totals.set(text(value), (totals.get(text(value)) ?? 0) + n);
  if (totals.size < most + 1) return text;
  const kept = new Set(
    [...totals]
      .sort(([, x], [, y]) => y - x)
      .slice(0, most)
      .map(([key]) => key),
  );
  return (value) => (value === null || kept.has(text(value)) ? text(value) : '(other)');
}
