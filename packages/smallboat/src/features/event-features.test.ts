import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteOf, valuesOf } from './columns.ts';
import type { CodedEvent } from './event-features.ts';
import { EventWriter, FEATURE_NAMES, columnsOf } from './event-features.ts';
import { SessionExamples } from './session-examples.ts';
import { rowsAt } from './examples.ts';
import { TOKENS } from './tokens.ts';

const event = (over: Partial<CodedEvent> = {}): CodedEvent => ({
  token: TOKENS.view,
  at: Number.NaN,
  page: 0,
  pageIdentity: -1,
  price: 0,
  popularity: 0,
  ...over,
});

/** Rows of some events as the model sees them: numbers by the name of their column. */
function seen(events: readonly CodedEvent[]): Record<string, number>[] {
  const columns = columnsOf(FEATURE_NAMES, 3);
  const writer = new EventWriter(FEATURE_NAMES);
  writer.begin();
  return events.map((one) => {
    const row = new Uint8Array(writer.width);
    writer.write(row, 0, one);
    return Object.fromEntries(
      columns.map((column, i) => [
        column.name,
        column.kind === 'category' ? (row[i] ?? 0) : (valuesOf(column)[row[i] ?? 0] ?? 0),
      ]),
    );
  });
}

describe('bytes of numbers', () => {
  it('keep a number to half a step, its ends exactly, and 0 for what is not known', () => {
    const column = { kind: 'number', name: 'x', low: -1, high: 3 } as const;
    const values = valuesOf(column);
    fc.assert(
      fc.property(fc.double({ min: -1, max: 3, noNaN: true }), (x) => {
        const back = values[byteOf(x, -1, 3)] ?? Number.NaN;
        return Math.abs(back - x) <= 4 / 254 / 2 + 1e-6;
      }),
    );
    expect([values[1], values[255], values[0]]).toEqual([-1, 3, 0]);
    expect([byteOf(-9, -1, 3), byteOf(9, -1, 3), byteOf(Number.NaN, -1, 3)]).toEqual([1, 255, 0]);
  });
});

describe('EventWriter', () => {
  const friday = Date.UTC(2016, 9, 21, 6, 0);

  it('counts actions, pages, and events since the first add', () => {
    const rows = seen([
      event({ pageIdentity: 4 }),
      event({ token: TOKENS.detail, pageIdentity: 9 }),
      event({ token: TOKENS.add, pageIdentity: 4 }),
      event({ token: TOKENS.add }),
    ]);
    const column = (name: string): number[] => rows.map((row) => row[name] ?? Number.NaN);
    const logs = (...counts: number[]): number[] => counts.map((n) => Math.log1p(n) - 1);
    const close = (a: number[], b: number[]): void => {
      for (const [i, x] of a.entries()) expect(Math.abs(x - (b[i] ?? Number.NaN))).toBeLessThan(0.013);
    };
    close(column('views'), logs(1, 1, 1, 1));
    close(column('details'), logs(0, 1, 1, 1));
    close(column('adds'), logs(0, 0, 1, 2));
    expect(column('after add')).toEqual([0, 0, 1, 1]);
    close(
      column('pages').slice(0, 3),
      [1, 2, 2].map((n) => Math.log1p(n) - 1.5),
    );
    expect(column('seen before')).toEqual([0, 0, 1, 0]);
    expect(column('pages')[3]).toBe(0);
  });

  it('measures the time since the event before and since the first, and knows nothing where a time is missing', () => {
    const rows = seen([event({ at: friday }), event({ at: friday + 9_000 }), event(), event({ at: friday + 99_000 })]);
    const gaps = rows.map((row) => row['gap'] ?? Number.NaN);
    for (const [i, seconds] of [0, 9, undefined, 90].entries()) {
      const expected = seconds === undefined ? 0 : Math.log1p(seconds) / 3 - 0.8;
      expect(Math.abs((gaps[i] ?? Number.NaN) - expected)).toBeLessThan(0.01);
    }
    expect(Math.abs((rows[3]?.['elapsed'] ?? 0) - (Math.log1p(99) / 3 - 1.5))).toBeLessThan(0.01);
  });

  it('knows the time of the day and the weekend, in UTC', () => {
    const [six, midnight, saturday] = seen([
      event({ at: friday }),
      event({ at: Date.UTC(2016, 9, 20, 23, 59) }),
      event({ at: Date.UTC(2016, 9, 22) }),
    ]);
    expect(six?.['day sine']).toBeCloseTo(1, 2);
    expect(six?.['half day cosine']).toBeCloseTo(-1, 2);
    expect(midnight?.['day cosine']).toBeCloseTo(1, 1);
    expect([six?.['weekend'], saturday?.['weekend']]).toEqual([-0.5, 1.5]);
  });

  it('forgets a session when the next begins', () => {
    const writer = new EventWriter(FEATURE_NAMES);
    const events = [
      event({ at: friday, pageIdentity: 1 }),
      event({ token: TOKENS.add, at: friday + 1, pageIdentity: 2 }),
    ];
    const rows = [0, 1].map(() => {
      writer.begin();
      const row = new Uint8Array(2 * writer.width);
      for (const [i, one] of events.entries()) writer.write(row, i * writer.width, one);
      return row;
    });
    expect(rows[1]).toEqual(rows[0]);
  });
});

it('makes the same example of a session whatever follows its decision point', () => {
  const coded = fc.record({
    token: fc.constantFrom(TOKENS.add, TOKENS.remove, TOKENS.detail, TOKENS.view),
    at: fc.integer({ min: 0, max: 1e12 }),
    page: fc.nat(4),
    pageIdentity: fc.integer({ min: -1, max: 5 }),
    price: fc.nat(15),
    popularity: fc.nat(15),
  });
  const list = fc.array(coded, { maxLength: 12 });
  fc.assert(
    fc.property(list, list, list, (before, one, other) => {
      const known = [...before, event({ token: TOKENS.add, at: 5 })];
      const [a, b] = [one, other].map((later) => {
        const sessions = new SessionExamples({}, { names: FEATURE_NAMES, pages: 3 });
        for (const each of [...known, ...later]) sessions.event(each.token, each.at, each);
        sessions.endSession();
        return sessions.finish().examples;
      });
      const added = known.findIndex(({ token }) => token === TOKENS.add);
      // The points up to which both are the same.
      for (let i = 0; i < Math.min(a?.labels.length ?? 0, b?.labels.length ?? 0); i++) {
        if (added + 2 * i >= known.length) break;
        if (a === undefined || b === undefined) return false;
        expect(rowsAt(a, i)).toEqual(rowsAt(b, i));
      }
      return true;
    }),
  );
});
