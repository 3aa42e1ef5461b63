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

interface Bucketed {
  readonly attributes: Attributes;
  readonly counts: Float64Array;
  sum: number;
}

export function makeMeter(): Meter {
  const sums: {
    readonly record: Omit<SumRecord, 'points'>;
    readonly points: Map<string, { attributes: Attributes; value: number }>;
  }[] = [];
  const histograms: { readonly record: Omit<HistogramRecord, 'points'>; readonly points: Map<string, Bucketed> }[] = [];
  return {
    counter(name, options) {
      const points = new Map<string, { attributes: Attributes; value: number }>();
      sums.push({ record: { kind: 'sum', name, ...options }, points });
      return {
        add(count, attributes) {
          const key = keyOf(attributes);
          const point = points.get(key);
          if (point) point.value += count;
          else points.set(key, { attributes, value: count });
        },
      };
    },
    histogram(name, options) {
      const { bounds } = options;
      const points = new Map<string, Bucketed>();
      histograms.push({ record: { kind: 'histogram', name, ...options }, points });
      return {
        record(value, attributes) {
          const key = keyOf(attributes);
          let point = points.get(key);
          if (!point) points.set(key, (point = { attributes, counts: new Float64Array(bounds.length + 1), sum: 0 }));
          const found = bounds.findIndex((bound) => value <= bound);
          const bucket = found === -1 ? bounds.length : found;
          point.counts[bucket] = (point.counts[bucket] ?? 0) + 1;
          point.sum += value;
        },
      };
    },
    records: () =>
      [
        ...sums.map(({ record, points }) => ({ ...record, points: [...points.values()] })),
        ...histograms.map(({ record, points }) => ({ ...record, points: [...points.values()] })),
      ].filter(({ points }) => points.length > 0),
    reset() {
      for (const { points } of [...sums, ...histograms]) points.clear();
    },
  };
}

function keyOf(attributes: Attributes): string {
  let key = '';
  for (const name in attributes) key += `${name}=${attributes[name] ?? ''};`;
  return key;
}
