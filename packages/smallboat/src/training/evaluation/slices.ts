import type { Examples } from '../../features/index.ts';
import { valuesOf } from '../../features/index.ts';
import { rankingMetrics } from '../metrics-ranking.ts';
import { calibrationOf } from '../metrics-calibration.ts';

/** A way to divide examples: what each of them is. */
export interface Slicing {
  readonly name: string;
  /** The values, in the order to show them. */
  readonly values: readonly string[];
  /** Index into `values`, one an example; −1 for one that is left out. */
  readonly of: Int32Array;
}

/** How good scores are on a part of the examples. */
export interface SliceMetrics {
  readonly slicing: string;
  readonly value: string;
  readonly count: number;
  readonly positiveRate: number;
  readonly meanScore: number;
  readonly auc: number | null;
  readonly aucStandardError: number | null;
  readonly logLoss: number;
  readonly calibrationError: number;
}

const LENGTHS = ['1 to 5 events', '6 to 15', '16 to 40', 'more'] as const;
const HOURS = ['0 to 6 h', '6 to 12 h', '12 to 18 h', '18 to 24 h'] as const;

/**
 * Divisions that any dataset has: by the length of the session so far, and where events have times by the hour of the last event and by
 * weekday or weekend (UTC). Others, as by device or by new and returning, are made with `slicingBy` where the data has them.
 */
export function commonSlicings(examples: Examples): readonly Slicing[] {
  const { offsets, context } = examples;
  const length = slicingBy('length', LENGTHS, examples, (i) => {
    const events = (offsets[i + 1] ?? 0) - (offsets[i] ?? 0) - 1;
    return LENGTHS[events <= 5 ? 0 : events <= 15 ? 1 : events <= 40 ? 2 : 3];
  });
  const at = (name: string): number => context?.columns.findIndex((column) => column.name === name) ?? -1;
  const [sine, cosine, weekend] = [at('day sine'), at('day cosine'), at('weekend')];
  if (context === undefined || sine === -1 || cosine === -1 || weekend === -1) return [length];
  const { columns, rows, first } = context;
  const valuesAt = [sine, cosine].map((column) => {
    const found = columns[column];
    return found?.kind === 'number' ? valuesOf(found) : new Float32Array(256);
  });
  const last = (i: number, column: number): number => {
    const events = (offsets[i + 1] ?? 0) - (offsets[i] ?? 0) - 1;
    return events < 1 ? 0 : (rows[((first[i] ?? 0) + events - 1) * columns.length + column] ?? 0);
  };
  return [
    length,
    slicingBy('hour', HOURS, examples, (i) => {
      if (last(i, sine) === 0) return undefined;
      const turn = Math.atan2(valuesAt[0]?.[last(i, sine)] ?? 0, valuesAt[1]?.[last(i, cosine)] ?? 0);
      // The bytes hold the beginning of ten minutes, rounded: half of them more, and no hour falls before its own.
      return HOURS[Math.floor((((turn / (2 * Math.PI) + 1 + 1 / 288) % 1) * 24) / 6)];
    }),
    slicingBy('day', ['weekday', 'weekend'], examples, (i) =>
      last(i, weekend) === 0 ? undefined : last(i, weekend) === 255 ? 'weekend' : 'weekday',
    ),
  ];
}

/** A division of one's own. @param of The value of example i; undefined leaves it out. */
export function slicingBy(
  name: string,
  values: readonly string[],
  { labels }: Examples,
  of: (i: number) => string | undefined,
): Slicing {
  return {
    name,
    values,
    of: Int32Array.from(labels, (_, i) => {
      const value = of(i);
      return value === undefined ? -1 : values.indexOf(value);
    }),
  };
}

/** Metrics on each part that has examples. */
export function metricsBySlice(
  scores: ArrayLike<number>,
  { labels }: Examples,
  slicings: readonly Slicing[],
): readonly SliceMetrics[] {
  return slicings.flatMap(({ name, values, of }) =>
    values.flatMap((value, index) => {
      const members = Uint32Array.from(labels, (_, i) => i).filter((i) => of[i] === index);
      if (members.length === 0) return [];
      const own = Float64Array.from(members, (i) => scores[i] ?? Number.NaN);
      const outcome = Uint8Array.from(members, (i) => labels[i] ?? 0);
      const { auc, aucStandardError } = rankingMetrics(own, outcome);
      const loss = own.reduce((sum, score, i) => {
        const kept = Math.min(Math.max(score, Number.EPSILON), 1 - Number.EPSILON);
        return sum - (outcome[i] === 1 ? Math.log(kept) : Math.log1p(-kept));
      }, 0);
      return [
        {
          slicing: name,
          value,
          count: members.length,
          positiveRate: outcome.reduce((sum, label) => sum + label, 0) / members.length,
          meanScore: own.reduce((sum, score) => sum + score, 0) / members.length,
          auc,
          aucStandardError,
          logLoss: loss / members.length,
          calibrationError: calibrationOf(own, outcome).calibrationError,
        },
      ];
    }),
  );
}
