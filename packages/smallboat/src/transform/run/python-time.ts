/** A time as Python prints it with its zone: `2024-01-01 00:00:00+00:00`. */
export function pythonTime(at: Date): string {
  const iso = at.toISOString();
  const fraction = at.getUTCMilliseconds() === 0 ? '' : `.${iso.slice(20, 23)}000`;
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}+00:00`;
}

/** The same as Python's `isoformat`. */
export function isoTime(at: Date): string {
  return pythonTime(at).replace(' ', 'T');
}
