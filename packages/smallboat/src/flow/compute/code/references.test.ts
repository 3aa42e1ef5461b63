import { describe, expect, it } from 'vitest';
import { referencesIn } from './references.ts';

const paths = (text: string): string[] => referencesIn(text).map(({ path }) => path);

describe('what a module names from where it lies', () => {
  it.each([
    [`readFile(new URL('./cart-events.sql', import.meta.url))`, './cart-events.sql'],
    ['new URL( `../dbt/`,import.meta.url )', '../dbt/'],
    [`new Worker(import.meta.resolve('./worker.js'))`, './worker.js'],
    [`join(import.meta.dirname, 'models', "cart.sql")`, 'models/cart.sql'],
    [`path.resolve(__dirname, '../template.html')`, '../template.html'],
  ])('is found in %s', (text, path) => {
    expect(paths(text)).toEqual([path]);
  });

  it.each([
    'new URL(`./${name}.sql`, import.meta.url)',
    `new URL('https://example.com/x.js', import.meta.url)`,
    'join(import.meta.dirname, name)',
    `new URL('./x.sql', base)`,
  ])('is not guessed: %s', (text) => {
    expect(paths(text)).toEqual([]);
  });
});
