/** Shares of rows that `mostly` may ask for, the strictest first. */
const LEVELS = [0.9999, 0.999, 0.99, 0.95, 0.9] as const;

/**
 * The strictest share that some more data of the same kind will meet too, when `failing` of `asked` rows did not: by the
 * upper end of what the true share may be (three standard errors of a Poisson count). Undefined below 90 %; 1 where none failed.
 */
export function levelOf(failing: number, asked: number): number | undefined {
  if (failing === 0) return 1;
  const most = (failing + 3 * Math.sqrt(failing) + 4.5) / Math.max(asked, 1);
  return LEVELS.find((level) => 1 - level >= most);
}

/** A range somewhat wider than that of the values, of round numbers: a quarter of its width more on each side, never across zero. */
export function widened(min: number, max: number): { readonly min: number; readonly max: number } {
  const width = max - min;
  if (width === 0) return { min, max };
  const step = 10 ** Math.floor(Math.log10(width));
  const low = Math.floor((min - width / 4) / step) * step;
  const high = Math.ceil((max + width / 4) / step) * step;
  return { min: tidy(min >= 0 ? Math.max(0, low) : low), max: tidy(max <= 0 ? Math.min(0, high) : high) };
}

/** Without the dust of floating point: 0.30000000000000004 is 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
