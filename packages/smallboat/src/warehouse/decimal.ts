/**
 * A decimal, given as text, as a number if that has all of its digits, as its text if not. `1.50` is 1.5;
 * `12345678901234567.89` stays text, since the nearest number is another one. Exponents are not taken apart.
 */
export function exactNumber(text: string): number | string {
  const number = Number(text);
  if (text.length <= 15 || Number.isNaN(number)) return number; // up to 15 digits are always exact
  return canonical(text) === canonical(String(number)) ? number : text;
}

/** Without what says nothing: zeros at either end, a minus before zero. */
function canonical(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text) ?? ['', '', text];
  const digits = fraction === '' ? whole || '0' : `${whole || '0'}.${fraction}`;
  return digits === '0' ? digits : sign + digits;
}

/** An integer, given as text: a number while it is exact, a bigint beyond. */
export function exactInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
