import { defineErrors } from '../kernel/index.ts';

/**
 * Where the parts are divided: at two moments. A session belongs to the part in which its first add lies, so that no session
 * is in two parts and the model is always tested on what came after.
 */
export interface SplitOptions {
  /** Share of cart sessions, earliest first, for training. Default 0.7. */
  readonly train?: number;
  /** Share of cart sessions after those for validation. Default 0.1; the rest is for the test. */
  readonly validation?: number;
  /** First adds before this moment (ms since 1970) are for training, whatever `train` says. */
  readonly trainUntil?: number;
  /** First adds from `trainUntil` and before this moment are for validation, whatever `validation` says. */
  readonly validationUntil?: number;
}

/** The two moments, in ms since 1970: train < `trainUntil` ≤ validation < `validationUntil` ≤ test. */
export interface Split {
  readonly trainUntil: number;
  readonly validationUntil: number;
}

export const splitErrors = defineErrors({
  SPLIT_INVALID: (f: { problem: string }) =>
    `The dataset cannot be split so: ${f.problem}. Shares are above 0 and leave some for the test, as 0.7 and 0.1 do; moments are in order.`,
});

/** Checks shares and moments before any work is done. @throws SPLIT_INVALID */
export function checkSplit({ train = 0.7, validation = 0.1, trainUntil, validationUntil }: SplitOptions): void {
  const problem =
    train > 0 && validation > 0 && train + validation < 1
      ? trainUntil !== undefined && validationUntil !== undefined && !(trainUntil < validationUntil)
        ? `trainUntil ${trainUntil} is not before validationUntil ${validationUntil}`
        : undefined
      : `train is ${train} and validation ${validation}`;
  if (problem !== undefined) throw splitErrors.SPLIT_INVALID({ problem });
}

/** The moments that divide sessions as asked. @param firstAdd Times of the first adds in ascending order, at least one. */
export function splitAt(firstAdd: Float64Array, options: SplitOptions): Split {
  const { train = 0.7, validation = 0.1 } = options;
  // 0.7 + 0.1 is a little below 0.8: of ten sessions, eight shall be before the test.
  const before = (share: number): number => Math.floor(firstAdd.length * share + 1e-9);
  const at = (share: number): number => firstAdd[before(share)] ?? Number.POSITIVE_INFINITY;
  const trainUntil = options.trainUntil ?? at(train);
  const validationUntil = options.validationUntil ?? at(train + validation);
  if (!(trainUntil <= validationUntil)) {
    throw splitErrors.SPLIT_INVALID({ problem: `training ends at ${trainUntil}, validation at ${validationUntil}` });
  }
  return { trainUntil, validationUntil };
}

/** How many of the ascending `times` lie before `moment`. */
export function countBefore(times: Float64Array, moment: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
