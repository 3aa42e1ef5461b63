import type { Limits } from './limits.ts';

/** The requests with a body that have come and are not answered yet. */
export interface BodyQueue {
  /** Whether one more, of so many bytes, would wait for longer than is allowed. One alone is always taken. */
  isFull(bytes: number): boolean;
  /** How long so many bytes take to answer, by what they took lately; 0 while that is not known. */
  expectedMs(bytes: number): number;
  /** Takes one in. @returns what lets it out again, once; with what it took if it was answered. */
  enter(bytes: number): (answered?: { readonly milliseconds: number; readonly bytes: number }) => void;
}

/** How much of the last answer goes into the average. */
const WEIGHT = 0.1;

/**
 * Foresees how long the bodies that are being read will take to answer, from their lengths and from what a byte took lately. One thread answers them all, so
 * those in front are the wait of those behind: what would come later than `behindMs` is better refused at once, while its client can still go elsewhere.
 */
export function bodyQueue({ bodies, behindMs }: Pick<Limits, 'bodies' | 'behindMs'>): BodyQueue {
  let count = 0;
  let waiting = 0;
  let perByte = 0;
  return {
    isFull: (bytes) => count > 0 && (count >= bodies || (waiting + bytes) * perByte > behindMs),
    expectedMs: (bytes) => bytes * perByte,
    enter(bytes) {
      let isIn = true;
      count++;
      waiting += bytes;
      return (answered) => {
        if (!isIn) return;
        isIn = false;
        count--;
        waiting -= bytes;
        // A short body says little of what a byte takes.
        if (answered !== undefined && answered.bytes >= 64) {
          const took = answered.milliseconds / answered.bytes;
          perByte = perByte === 0 ? took : perByte + WEIGHT * (took - perByte);
        }
      };
    },
  };
}
