import { trackerErrors } from './tracker.ts';

/** Names of variables that hold secrets, and values that are addresses with a password. */
const SECRET_NAME = /(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|PWD)(?:_|$)/i;
const NOT_SECRET = new Set(['PWD', 'OLDPWD']);

/** The secrets of an environment by the variable that holds them. Values shorter than 8 characters occur by chance, and are left out. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || NOT_SECRET.has(name)) continue;
    const [, password] = /^[\w+.-]+:\/\/[^/@\s:]*:([^/@\s]+)@/.exec(value) ?? [];
    const secret = SECRET_NAME.test(name) ? value : password === undefined ? '' : decoded(password);
    if (secret.length >= 8) found[name] = secret;
  }
  return found;
}

/** What keeps secrets out of what is tracked. */
export interface Redaction {
  /** The text with `***` for each secret. */
  text(text: string): string;
  /** The same object with every text in it cleaned, names too. */
  deep<T>(value: T): T;
  /** Throws `TRACKED_SECRET` if a secret occurs in the bytes: a file is not rewritten. */
  check(what: string, bytes: Uint8Array): void;
}

/** Keeps the values of `secrets` (by the variable that holds them) out. */
export function redaction(secrets: Readonly<Record<string, string>> = {}): Redaction {
  // The longest first: one may be the beginning of another.
  const known = Object.entries(secrets).sort(([, a], [, b]) => b.length - a.length);
  const text = (given: string): string => known.reduce((clean, [, secret]) => clean.replaceAll(secret, '***'), given);
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(deep);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [text(name), deep(part)]));
  };
  return {
    text,
    deep: <T>(value: T): T => (known.length === 0 ? value : (deep(value) as T)), // Of the same shape.
    check(what, bytes) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (const [variable, secret] of known) {
        if (buffer.includes(secret)) throw trackerErrors.TRACKED_SECRET({ what, variable });
      }
    },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not encoded at all.
  }
}
