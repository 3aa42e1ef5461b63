import { expect, it } from 'vitest';
import { SHORT_PAGES, TRIED, runPage } from '../scripts/run-pages.ts';

const others = Object.keys(TRIED).filter((page) => !SHORT_PAGES.includes(page));

it('knows its pages', () => {
  expect(SHORT_PAGES.filter((page) => !(page in TRIED))).toEqual([]);
});

it.for(others)('%s runs as written', (page) => runPage(page));
