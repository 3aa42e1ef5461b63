import { formatNumber } from './number.ts';

/** Round values along an axis, what they are called, and the range from the first to the last. */
export interface Ticks {
  readonly from: number;
  readonly to: number;
  readonly values: readonly number[];
  readonly labels: readonly string[];
}

export interface TicksOptions {
  /** About how many ticks; default 5. */
  readonly count?: number;
  /** Whole numbers only, for epochs and counts. */
  readonly isWhole?: boolean;
}

/**
 * Ticks at 1, 2 or 5 times a power of ten that cover `low` to `high`. A range of no width is widened, so that one
 * value stands in the middle.
 */
export function niceTicks(low: number, high: number, { count = 5, isWhole = false }: TicksOptions = {}): Ticks {
  const size = Math.max(Math.abs(low), Math.abs(high));
  // A range that double precision cannot divide is no range.
  const [from, to] = high - low > Math.max(size * 1e-12, 1e-300) ? [low, high] : widen(low);
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const ratio = rough / power;
  const factor = ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10;
  const step = isWhole ? Math.max(1, Math.round(factor * power)) : factor * power;
  const first = Math.floor(from / step + 1e-9);
  const last = Math.ceil(to / step - 1e-9);
  // Counted in steps: adding the step up would drift, and could go on for ever where it is lost in rounding.
  const steps = Math.min(50, Math.max(1, last - first));
  const values = Array.from({ length: steps + 1 }, (_, i) => round((first + i) * step, step));
  return { from: values[0] ?? from, to: values.at(-1) ?? to, values, labels: labelsOf(values, step) };
}

/** Where a value stands between two pixels. */
export function scaleOf(ticks: Pick<Ticks, 'from' | 'to'>, start: number, end: number): (value: number) => number {
  const range = ticks.to - ticks.from || 1;
  return (value) => start + ((value - ticks.from) / range) * (end - start);
}

/** A coordinate with two decimals at most: files stay small. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function widen(value: number): readonly [number, number] {
  const by = Math.abs(value) < 1e-300 ? 1 : Math.abs(value) / 2;
  return [value - by, value + by];
}

function round(value: number, step: number): number {
  const decimals = Math.max(0, -Math.floor(Math.log10(step)) + 1);
  return decimals > 15 ? value : Number(value.toFixed(decimals)) + 0;
}

const UNITS: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

function labelsOf(values: readonly number[], step: number): readonly string[] {
  const largest = Math.max(...values.map(Math.abs));
  if (largest >= 1e15 || largest < 1e-3) return values.map(formatNumber);
  const [unit, suffix] =
    largest < 10_000 ? ([1, ''] as const) : (UNITS.find(([u]) => largest >= u) ?? ([1, ''] as const));
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)));
  return values.map((v) => (v === 0 ? '0' : `${(v / unit).toFixed(decimals).replace('-', '−')}${suffix}`));
}
