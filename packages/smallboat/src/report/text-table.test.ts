import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { displayWidth, textTable } from './text-table.ts';

it('sets numbers to the right and text to the left', () => {
  expect(
    textTable(
      ['step', 'rows', 'auc'],
      [
        ['ingest', 1205368, null],
        ['train', { value: 3, tone: 'good' }, 0.6071],
      ],
    ),
  ).toEqual([
    'step         rows     auc', //
    '──────  ─────────  ──────',
    'ingest  1,205,368',
    'train           3  0.6071',
  ]);
});

it('knows the width of wide characters, emoji and combining marks', () => {
  expect(['状態', 'é', 'e\u0301', '👩‍🚀', '✓', ''].map(displayWidth)).toEqual([4, 1, 1, 2, 1, 0]);
});

it('takes escape codes and line breaks out of the data', () => {
  expect(textTable(['a'], [['\u001b[31mred\u001b[0m\nnext\u0007']])[2]).toBe('red next');
});

it('cuts the widest column to fit the terminal', () => {
  const lines = textTable(['id', 'text'], [['1', 'x'.repeat(200)]], { width: 20 });
  expect(lines[2]).toBe(`1   ${'x'.repeat(15)}…`);
});

it('gives lines no wider than asked, with as many lines as rows and two', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 3, maxLength: 3 })), (rows) => {
      const lines = textTable(['a', 'b', 'c'], rows, { width: 40 });
      expect(lines.length).toBe(rows.length + 2);
      expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(40);
    }),
  );
});
