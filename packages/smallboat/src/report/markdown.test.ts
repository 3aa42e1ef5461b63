import { expect, it } from 'vitest';
import { renderMarkdown } from './markdown.ts';

const drawn = (text: string): string =>
  renderMarkdown(text)
    .toString()
    .replaceAll(/>\s+</g, '><')
    .replaceAll(/\s+/g, ' ')
    .replace(/^<div class="markdown">|<\/div> $/g, '');

it.each([
  ['a **b** *c* ~~d~~ `e`', '<p>a <strong>b</strong><em>c</em><del>d</del><code>e</code></p>'],
  ['# a\n## b\n### c', '<h3>a</h3><h4>b</h4><h5>c</h5>'],
  ['- a\n- b', '<ul><li>a</li><li>b</li></ul>'],
  ['3. a\n4. b', '<ol start="3"><li>a</li><li>b</li></ol>'],
  ['> a', '<blockquote><p>a</p></blockquote>'],
  ['---', '<hr />'],
  ['a\\\nb', '<p>a<br />b</p>'],
  ['AT&amp;T &copy; &#x41;', '<p>AT&amp;T &amp;copy; A</p>'],
  ['[a](https://example.org/x?y=1)', '<p><a href="https://example.org/x?y=1" rel="noreferrer noopener">a</a></p>'],
  ['[a](#step-load)', '<p><a href="#step-load" rel="noreferrer noopener">a</a></p>'],
  ['[a](javascript:b)', '<p>a</p>'],
  ['[a](data:text/html,x)', '<p>a</p>'],
  ['<b>a</b>', '<p>&lt;b&gt;a&lt;/b&gt;</p>'],
])('%j', (text, markup) => {
  expect(drawn(text)).toBe(markup);
});

it('keeps the text of code as it is', () => {
  expect(renderMarkdown('```sql\nselect  *\n  from x <y>\n```').toString()).toContain(
    '<pre><code>select  *\n  from x &lt;y&gt;</code></pre>',
  );
});

it('sets a table as it says', () => {
  expect(drawn('| a | b |\n|:-:|--:|\n| 1 | 2 |')).toMatch(
    /<th scope="col" class="middle">a<\/th><th scope="col" class="number">b<\/th>.*<td class="middle">1<\/td><td class="number">2<\/td>/,
  );
});

it('shows a picture that is inside, and links to one that is not', () => {
  expect(drawn('![a](data:image/png;base64,iVBORw0KGgo=)')).toContain(
    '<img src="data:image/png;base64,iVBORw0KGgo=" alt="a" />',
  );
  expect(drawn('![a](https://example.org/a.png)')).toContain('<a href="https://example.org/a.png"');
});

it('names what is done', () => {
  expect(drawn('- [x] a\n- [ ] b')).toMatch(/aria-label="done".*a.*aria-label="not done".*b/);
});

it('is done soon with what is deep', () => {
  const started = performance.now();
  for (const text of ['> '.repeat(500), '- '.repeat(300), '*'.repeat(3000), '['.repeat(2000), '`'.repeat(3000)])
    drawn(text);
  expect(performance.now() - started).toBeLessThan(3000);
});
