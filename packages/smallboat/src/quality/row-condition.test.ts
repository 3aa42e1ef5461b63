import { expect, it } from 'vitest';
import { rowConditionSql } from './row-condition.ts';

it.each([
  ["amount > 5 and kind = 'a'", "amount > 5 and kind = 'a'"],
  ['col("amount") >= 5', '"amount" >= 5'],
  ['col("a b").notNull()', '"a b" is not null'],
  ['col("kind") == "it\'s"', "\"kind\" = 'it''s'"],
  [{ type: 'nullity', column: { name: 'a"b' }, is_null: true }, '"a""b" is null'],
  [{ type: 'comparison', column: { name: 'a' }, operator: 'NOT_IN', parameter: [1, 'x'] }, '"a" not in (1, \'x\')'],
  [
    {
      type: 'or',
      conditions: [
        { type: 'comparison', column: { name: 'a' }, operator: '==', parameter: true },
        { type: 'pass_through', pass_through_filter: 'b < 2' },
      ],
    },
    '("a" = true) or (b < 2)',
  ],
])('makes SQL of %j', (condition, sql) => {
  expect(rowConditionSql(condition)).toBe(sql);
});

it.each([
  '',
  'a = 1; drop table b',
  { type: 'xor' },
  { type: 'comparison', column: { name: 'a' }, operator: '~', parameter: 1 },
  7,
])('refuses %j', (condition) => {
  expect(() => rowConditionSql(condition)).toThrow(expect.objectContaining({ code: 'ROW_CONDITION_UNREADABLE' }));
});
