import { stripVTControlCharacters } from 'node:util';
import type { ReportCell } from './components.ts';
import { columnStyle, partsOf, textOf } from './table.ts';

export interface TextTableOptions {
  /** Characters a line may have: the widest columns are cut to fit, with `…`. No limit by default. */
  readonly width?: number;
}

const GAP = '  ';

/**
 * A table for the terminal: a heading, a rule, a line a row. Numbers are right-aligned; wide characters count for two
 * columns. Escape codes and control characters of the data are taken out, so that a value cannot drive the terminal.
 */
export function textTable(
  columns: readonly string[],
  rows: readonly (readonly ReportCell[])[],
  { width = Number.POSITIVE_INFINITY }: TextTableOptions = {},
): string[] {
  const styles = columns.map((_, i) => columnStyle(rows.map((row) => row[i] ?? null)));
  const texts = rows.map((row) =>
    columns.map((_, i) => plain(textOf(partsOf(row[i] ?? null).value, styles[i]?.format ?? String))),
  );
  const headings = columns.map(plain);
  const wanted = headings.map((name, i) =>
    Math.max(displayWidth(name), ...texts.map((row) => displayWidth(row[i] ?? ''))),
  );
  const widths = fit(wanted, width - GAP.length * (columns.length - 1));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const text = cut(cell, widths[i] ?? 0);
        const blank = ' '.repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(text)));
        return styles[i]?.align === 'number' ? blank + text : text + blank;
      })
      .join(GAP)
      .trimEnd();
  return [line(headings), widths.map((w) => '─'.repeat(w)).join(GAP), ...texts.map(line)];
}

/** Columns of a terminal that the text takes: 2 for wide characters and emoji, 0 for marks that combine. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text))
    width += isWide(segment) ? 2 : /^[\p{M}\p{Cf}]*$/u.test(segment) ? 0 : 1;
  return width;
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
// East Asian wide and fullwidth ranges of Unicode's EastAsianWidth.txt, in blocks.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

function isWide(segment: string): boolean {
  return WIDE.test(segment) || /^\p{Emoji_Presentation}/u.test(segment) || segment.includes('\u{fe0f}');
}

function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '');
}

function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  for (const { segment } of GRAPHEMES.segment(text)) {
    if (displayWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

// Takes from the widest column until all fit; none gets narrower than 4.
function fit(wanted: readonly number[], available: number): readonly number[] {
  const widths = [...wanted];
  let over = widths.reduce((a, b) => a + b, 0) - available;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= 4) break;
    widths[widths.indexOf(widest)] = widest - 1;
    over -= 1;
  }
  return widths;
}
