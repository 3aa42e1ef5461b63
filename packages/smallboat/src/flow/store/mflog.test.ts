import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromLogLines, toLogLines } from './mflog.ts';

const clockFrom = (start: number): (() => number) => {
  let micros = start;
  return () => (micros += 1);
};

describe('log lines', () => {
  it('have the form that Metaflow gives them', () => {
    // The form of a line that Metaflow 2.19 wrote, with another id.
    expect(toLogLines('starting\n', '', () => 1_795_433_366_209_603)).toBe(
      '[MFLOG|0|2026-11-23T11:29:26.209603Z|task|1795433366209603]starting\n',
    );
  });

  it('give back any text, in whatever pieces it came', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', '\n', '\r', ']', '[MFLOG|', 'é') })), (pieces) => {
        const stamp = clockFrom(1e15);
        let log = '';
        for (const piece of pieces) log += toLogLines(piece, log, stamp);
        expect(fromLogLines([log])).toBe(pieces.join(''));
      }),
    );
  });

  it('of a process whose clock is behind come after those that are there', () => {
    const there = toLogLines('one\ntwo\n', '', clockFrom(1000));
    const added = toLogLines('three\n', there, (above) => Math.max(5, above + 1));
    expect(added).toBe('[MFLOG|0|1970-01-01T00:00:00.001003Z|task|1003]three\n');
  });

  it('of two writers are merged by their times, lines without one last', () => {
    const runtime = toLogLines('first\n', '', clockFrom(10)) + 'torn\n' + toLogLines('third\n', '', clockFrom(30));
    expect(fromLogLines([runtime, toLogLines('second\n', '', clockFrom(20))])).toBe('first\nsecond\nthird\ntorn\n');
  });
});
