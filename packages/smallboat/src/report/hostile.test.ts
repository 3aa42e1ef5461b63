import { expect, it } from 'vitest';
import { page } from './page.ts';
import { renderComponents } from './render.ts';
import { safeSvg } from './safe-svg.ts';
import { PAYLOADS, everyComponent } from './testing/payloads.ts';
import { dangersOf } from './testing/markup.ts';

it('has five hundred payloads, each another', () => {
  expect(new Set(PAYLOADS).size).toBeGreaterThanOrEqual(500);
});

it('finds what it looks for', () => {
  const markup = '<p onclick="x"></p><a href="javascript:1"></a><img src="http://x/y"/><b style="color:red"></b>';
  expect(dangersOf(markup)).toEqual([
    'attribute onclick',
    'href javascript:1',
    'src http://x/y',
    'element b',
    'attribute style',
  ]);
  expect(() => dangersOf('<p title=x>')).toThrow('Not a tag of ours');
});

it('makes every payload inert in every place of every component', () => {
  const dangers = PAYLOADS.flatMap((payload) =>
    dangersOf(renderComponents(everyComponent(payload)).toString()).map((danger) => ({ payload, danger })),
  );
  expect(dangers).toEqual([]);
});

it('makes every payload inert in the head of a page', () => {
  for (const payload of PAYLOADS.filter((_, i) => i % 5 === 0)) {
    const options = {
      title: payload,
      subtitle: payload,
      reloadToken: payload,
      refreshEvery: 1000,
      isInteractive: true,
    };
    expect(dangersOf(page({ ...options, body: renderComponents([]) })), payload).toEqual([]);
  }
});

it('draws anew only what draws, whatever the drawing holds', () => {
  for (const payload of PAYLOADS) {
    const drawn = safeSvg(`<svg xmlns="http://www.w3.org/2000/svg">${payload}<path d="${payload}"/></svg>`) ?? '';
    expect(dangersOf(drawn.replace(/<style>[^<]*<\/style>/g, '')), payload).toEqual([]);
    expect(drawn).not.toMatch(/@import|url\((?!\s*["']?#)/);
  }
});
