import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstWords, piecesOf, rewritePlaceholders, splitStatements, withoutEnd } from './sql-scan.ts';
import { quoteName, quoteText } from './sql-text.ts';

describe('placeholders', () => {
  it.each([
    ['select ?, ?', 'select $1, $2'],
    [`select '?', "a?", ? -- ?`, `select '?', "a?", $1 -- ?`],
    ['/* ? /* ? */ ? */ ?', '/* ? /* ? */ ? */ $1'],
    ["select 'it''s ?', ?", "select 'it''s ?', $1"],
    [String.raw`select E'\'?', ?, 'a\', ?`, String.raw`select E'\'?', $1, 'a\', $2`],
    ['select $$ ? $$, $t$ ? $$ $t$, ?', 'select $$ ? $$, $t$ ? $$ $t$, $1'],
    ["select j ?? 'a' and x = ?", "select j ? 'a' and x = $1"],
  ])('are those of the code: %s', (sql, expected) => {
    expect(rewritePlaceholders(sql, (i) => `$${i + 1}`).sql).toBe(expected);
  });

  it('keep places of the text behind them', () => {
    const sql = 'select ?, ?,\n x';
    const { sql: text, original } = rewritePlaceholders(sql, (i) => `$${i + 1}::integer`);
    expect(original(text.indexOf('x'))).toBe(sql.indexOf('x'));
    expect(original(3)).toBe(3);
  });

  it('are never found in what is quoted', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, name) => {
        const sql = `select ${quoteText(text)} as ${quoteName(name)}, ?`;
        const { count, sql: made } = rewritePlaceholders(sql, () => 'HERE');
        expect([count, made]).toEqual([1, `${sql.slice(0, -1)}HERE`]);
      }),
    );
  });
});

describe('statements', () => {
  it.each([
    ['select 1; select 2', ['select 1', 'select 2']],
    [";; -- nothing\n; select ';' ;", ["select ';'"]],
    ['select $$;$$ /* ; */', ['select $$;$$ /* ; */']],
    ['', []],
  ])('are cut at semicolons of the code: %j', (sql, expected) => {
    expect(splitStatements(sql)).toEqual(expected);
  });

  it('escape with a backslash where the dialect does', () => {
    expect(splitStatements(String.raw`select 'a\'; b'; select 2`, { backslash: true })).toEqual([
      String.raw`select 'a\'; b'`,
      'select 2',
    ]);
  });

  it.each([
    ['select 1; ', 'select 1  '],
    ['select 1 ;; -- ; end', 'select 1    -- ; end'],
    ["select ';'", "select ';'"],
  ])('lose their last semicolon: %j', (sql, expected) => {
    expect(withoutEnd(sql)).toBe(expected);
  });

  it('begin with their first words, whatever is commented before', () => {
    expect(firstWords('-- select\n/* x */ Begin\n transaction', 2)).toBe('begin transaction');
    expect(firstWords('(select 1)')).toBe('select');
  });

  it('are all there in their pieces', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '"', '$', '-', '/', '*', '?', ';', '\\', '\n', 'E', 'a', ' ') }),
        (sql) => {
          expect(
            piecesOf(sql)
              .map(({ from, to }) => sql.slice(from, to))
              .join(''),
          ).toBe(sql);
        },
      ),
    );
  });
});
