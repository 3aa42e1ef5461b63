import { expect, it } from 'vitest';
import { safeSvg } from './safe-svg.ts';

const svg = (inside: string): string => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">${inside}</svg>`;
const inside = (text: string, options = {}): string =>
  (safeSvg(svg(text), options) ?? '').replace(/^<svg[^>]*>/, '').replace('</svg>', '');

it('keeps what draws', () => {
  const drawing =
    '<g transform="translate(1,2)"><path d="M0 0L9 9" stroke="#f00" stroke-width="2"></path><text x="1">a &lt; b</text></g>';
  expect(inside(drawing)).toBe(drawing);
});

it('says by attributes what a style attribute says', () => {
  expect(inside('<rect style="fill: red; stroke-width:2;behavior:url(x)"/>')).toBe(
    '<rect fill="red" stroke-width="2"></rect>',
  );
});

it('keeps the content of a link without where it leads', () => {
  expect(inside('<a href="javascript:1"><rect x="1"/></a>')).toBe('<g><rect x="1"></rect></g>');
});

it('puts a prefix before every id, so that drawings of one page do not take each other’s', () => {
  const drawing = '<clipPath id="c"><rect/></clipPath><g clip-path="url(#c)"><use href="#c"/></g>';
  expect(inside(drawing, { idPrefix: 'p-' })).toBe(
    '<clipPath id="p-c"><rect></rect></clipPath><g clip-path="url(#p-c)"><use href="#p-c"></use></g>',
  );
});

it('does not draw again what draws others again: that could go on without end', () => {
  const bomb = ['a', 'b', 'c'].map(
    (id, i) => `<g id="${id}">${i === 0 ? '<rect/>' : `<use href="#${'abc'[i - 1]}"/>`.repeat(10)}</g>`,
  );
  const drawn = inside(bomb.join(''));
  expect(drawn.match(/<use/g)).toHaveLength(10);
});

it('leaves out style sheets that fetch, and keeps others where the drawing stands by itself', () => {
  expect(inside('<style>.a > .b{fill:red}</style>')).toBe('<style>.a > .b{fill:red}</style>');
  expect(inside('<style>.a{fill:red}</style>', { idPrefix: 'p' })).toBe('');
  for (const rules of ['@import "x";', '.a{fill:url(http://x)}', '.a{fill:\\75rl(http://x)}']) {
    expect(inside(`<style>${rules}</style>`), rules).toBe('');
  }
});

it('expands no entity of its own, and is done soon with what is broken', () => {
  const laughs = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>';
  expect(safeSvg(`${laughs}${svg('<text>&b;</text>')}`)).toContain('<text></text>');
  const started = performance.now();
  for (const broken of ['<svg ', '<svg><g', '<svg><!--', '<svg a="', '<svg>']) safeSvg(broken.repeat(30_000));
  expect(performance.now() - started).toBeLessThan(2000);
  expect(safeSvg('no drawing')).toBeUndefined();
  expect(safeSvg('<html><svg/></html>')).toBeUndefined();
});
