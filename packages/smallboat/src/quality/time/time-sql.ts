import { familyOf } from '../dialect/type-family.ts';
import type { TimeOfText } from './read-time.ts';

/** `2016-08-01 10:00:00.5`, in UTC, from microseconds since 1970. */
export function timeText(micros: bigint): string {
  const second = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
  const fraction = micros - second * 1_000_000n;
  const text = new Date(Number(second * 1000n)).toISOString().slice(0, 19).replace('T', ' ');
  return fraction === 0n ? text : `${text}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

/** A moment as SQL, in the type that is compared with a column of type `type`. */
export function timeLiteral({ micros, hasTime }: TimeOfText, type: string): string {
  const text = timeText(micros);
  const family = familyOf(type);
  if (family === 'timestamptz') return `cast('${text}+00' as timestamp with time zone)`;
  return family === 'date' && !hasTime ? `cast('${text.slice(0, 10)}' as date)` : `cast('${text}' as timestamp)`;
}
