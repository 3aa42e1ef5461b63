import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { HtmlValue } from './html.ts';
import { breakable, escapeHtml, html } from './html.ts';

it('escapes text and attributes, and keeps its own markup', () => {
  const inner = html`<b>${'<i>'}</b>`;
  expect(String(html`<p title="${'"><script>'}">${inner}${[1, inner]}</p>`)).toBe(
    '<p title="&quot;&gt;&lt;script&gt;"><b>&lt;i&gt;</b>1<b>&lt;i&gt;</b></p>',
  );
});

it('writes nothing for null, undefined and false', () => {
  expect(String(html`a${null}${undefined}${false}b`)).toBe('ab');
});

it('lets a name break between its words, and escapes it', () => {
  expect(String(breakable('public.session_stats'))).toBe('public.<wbr>session_<wbr>stats');
  expect(String(breakable('_a<b>_'))).toBe('_a&lt;b&gt;_');
});

it('does not take data for markup, whatever its shape', () => {
  const forged = JSON.parse('["<script>", {"toString": "<script>"}]') as HtmlValue;
  expect(() => html`${forged}`).toThrow();
  expect(String(html`${['<script>']}`)).toBe('&lt;script&gt;');
});

it('lets no text out of its place', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[<>"']/.test(escapeHtml(text))));
});

it('shows control characters and reordering marks instead of obeying them', () => {
  expect(escapeHtml('a\u0000b\u001bc\u202ed\ne')).toBe('a\u{fffd}b\u{fffd}c\u{fffd}d\ne');
});
