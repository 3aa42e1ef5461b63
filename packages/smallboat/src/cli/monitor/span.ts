import * as z from 'zod';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function lengthOf(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit] ?? 0);
}

/** A length of time (`90m`, `24h`, `7d`), above 0, in milliseconds. */
export const Length = z.string().transform((text, context) => {
  const ms = lengthOf(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: 'should be a length of time like 90m, 24h or 7d' });
  return z.NEVER;
});

/** A length of time, or a point of time (ISO 8601), each in milliseconds. */
export const Since = z.string().transform((text, context) => {
  const ago = lengthOf(text);
  if (ago !== undefined) return { ago };
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return { at };
  context.addIssue({ code: 'custom', message: 'should be 90m, 24h, 7d or a time like 2026-11-24T10:00:00Z' });
  return z.NEVER;
});

/** The beginning of a window as an option: nothing for all of the log. */
export function fromOf(since: z.infer<typeof Since> | undefined, now: number): { readonly from?: number } {
  if (since === undefined) return {};
  return { from: 'at' in since ? since.at : now - since.ago };
}
