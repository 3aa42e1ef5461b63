import type { Attributes, HistogramRecord, SumRecord } from './otlp.ts';

/** Counts, by attributes. Attributes must take few values. */
export interface Counter {
  add(count: number, attributes: Attributes): void;
}

export interface Histogram {
  record(value: number, attributes: Attributes): void;
}

export interface MeterOptions {
  readonly unit: string;
  readonly about: string;
}

/** The instruments of a process. */
export interface Meter {
  counter(name: string, options: MeterOptions): Counter;
  /** @param options.bounds upper bounds of the buckets, rising. */
  histogram(name: string, options: MeterOptions & { readonly bounds: readonly number[] }): Histogram;
  /** All that was measured since the beginning, or since the last `reset`. */
  records(): readonly (SumRecord | HistogramRecord)[];
  reset(): void;
}

interface Summed {
  readonly attributes: Attributes;
  value: number;
}

interface Bucketed {
  readonly attributes: Attributes;
  readonly counts: Float64Array;
  sum: number;
}

export function makeMeter(): Meter {
  const sums: { readonly record: Omit<SumRecord, 'points'>; readonly points: Points<Summed> }[] = [];
  const histograms: { readonly record: Omit<HistogramRecord, 'points'>; readonly points: Points<Bucketed> }[] = [];
  return {
    counter(name, options) {
      const points = pointsOf((attributes): Summed => ({ attributes, value: 0 }));
      sums.push({ record: { kind: 'sum', name, ...options }, points });
      return {
        add(count, attributes) {
          points.at(attributes).value += count;
        },
      };
    },
    histogram(name, options) {
      const { bounds } = options;
      const points = pointsOf((attributes): Bucketed => ({
        attributes,
        counts: new Float64Array(bounds.length + 1),
        sum: 0,
      }));
      histograms.push({ record: { kind: 'histogram', name, ...options }, points });
      return {
        record(value, attributes) {
          const point = points.at(attributes);
          let bucket = 0;
          while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
          point.counts[bucket] = (point.counts[bucket] ?? 0) + 1;
          point.sum += value;
        },
      };
    },
    records: () =>
      [
        ...sums.map(({ record, points }) => ({ ...record, points: points.all() })),
        ...histograms.map(({ record, points }) => ({ ...record, points: points.all() })),
      ].filter(({ points }) => points.length > 0),
    reset() {
      for (const { points } of [...sums, ...histograms]) points.clear();
    },
  };
}

/** What was measured, by attributes: found at once where the same object is handed in again. */
interface Points<P> {
  at(attributes: Attributes): P;
  all(): P[];
  clear(): void;
}

function pointsOf<P>(make: (attributes: Attributes) => P): Points<P> {
  const byKey = new Map<string, P>();
  let known = new WeakMap<Attributes, P>();
  return {
    at(attributes) {
      const before = known.get(attributes);
      if (before) return before;
      const key = JSON.stringify(attributes);
      const found = byKey.get(key) ?? make(attributes);
      byKey.set(key, found);
      known.set(attributes, found);
      return found;
    },
    all: () => [...byKey.values()],
    clear() {
      byKey.clear();
      known = new WeakMap();
    },
  };
}
