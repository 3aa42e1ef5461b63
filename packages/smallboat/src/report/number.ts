// Made when first needed: it takes 10 ms, which a command that prints no number should not pay.
let grouped: Intl.NumberFormat | undefined;

/**
 * A number for people: thousands apart, as many decimals as it needs for four significant digits, powers of ten when
 * it is too large or too small to read. Whole numbers keep all of their digits up to 10^15.
 */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size >= 1e15 || (size < 1e-4 && size > 0)) return minus(exponential(value));
  if (Number.isInteger(value)) {
    grouped ??= new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
    return minus(grouped.format(value));
  }
  const decimals = size >= 1000 ? 1 : Math.min(8, Math.max(0, 3 - Math.floor(Math.log10(size))));
  return fixed(value, decimals)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

/** A size for people, in units of 1024: `512 B`, `1.5 KiB`, `38 MiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return formatNumber(bytes);
  let [size, unit] = [bytes, 0];
  for (; size >= 1023.5 && unit < UNITS.length - 1; unit += 1) size /= 1024;
  return `${unit === 0 || size >= 10 ? Math.round(size) : Math.round(size * 10) / 10} ${UNITS[unit] ?? ''}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number with exactly so many decimals, thousands apart. */
export function fixed(value: number, decimals: number): string {
  const format = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return minus(format.format(value));
}

/**
 * One way of writing for all numbers of a column, so that their decimal points stand under each other: the decimals of
 * the value that needs most, at most four. Columns of large and of whole numbers are written one by one.
 */
export function columnFormat(values: readonly number[]): (value: number) => string {
  const shown = values.filter((v) => Number.isFinite(v));
  const isEven = shown.every((v) => Math.abs(v) < 1000 && (v === 0 || Math.abs(v) >= 1e-4));
  if (!isEven || shown.every((v) => Number.isInteger(v))) return formatNumber;
  const decimals = Math.max(...shown.map((v) => (formatNumber(v).split('.')[1] ?? '').length));
  const common = Math.min(4, decimals);
  return (value) => (Number.isFinite(value) ? fixed(value, common) : formatNumber(value));
}

function exponential(value: number): string {
  const [digits = '', power = ''] = value.toExponential(3).split('e');
  return `${digits.replace(/\.?0+$/, '')}e${power.replace('+', '')}`;
}

function minus(text: string): string {
  return text.replaceAll('-', '−');
}
