import { expect, it } from 'vitest';
import { duckdbSql } from '../dialect/duckdb.ts';
import { factsOf } from '../run/compile.ts';
import { rowConditionSql } from './row-condition.ts';

const table = factsOf({
  columns: [
    { name: 'amount', type: 'DOUBLE' },
    { name: 'a b', type: 'VARCHAR' },
    { name: 'kind', type: 'VARCHAR' },
    { name: 'a"b', type: 'BIGINT' },
    { name: 'a', type: 'BIGINT' },
    { name: 'at', type: 'TIMESTAMP' },
  ],
  sql: duckdbSql,
  now: new Date(0),
  resultsOf: '1',
});

it.each([
  ["amount > 5 and kind = 'a'", "amount > 5 and kind = 'a'"],
  ['col("amount") >= 5', '"amount" >= 5'],
  ['col("a b").notNull()', '"a b" is not null'],
  ['col("kind") == "it\'s"', "\"kind\" = 'it''s'"],
  [{ type: 'nullity', column: { name: 'a"b' }, is_null: true }, '"a""b" is null'],
  [{ type: 'comparison', column: { name: 'a' }, operator: 'NOT_IN', parameter: [1, 'x'] }, '"a" not in (1, \'x\')'],
  ['col("at") >= date("2016-08-01")', '"at" >= cast(\'2016-08-01 00:00:00\' as timestamp)'],
  [
    { type: 'comparison', column: { name: 'at' }, operator: '<', parameter: 'Aug 1 2016' },
    '"at" < cast(\'2016-08-01 00:00:00\' as timestamp)',
  ],
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
  expect(rowConditionSql(condition, table)).toBe(sql);
});

it.each([
  '',
  'a = 1; drop table b',
  { type: 'xor' },
  { type: 'comparison', column: { name: 'a' }, operator: '~', parameter: 1 },
  7,
])('refuses %j', (condition) => {
  expect(() => rowConditionSql(condition, table)).toThrow(
    expect.objectContaining({ code: 'ROW_CONDITION_UNREADABLE' }),
  );
});

it.each([
  ['amount != 1 & kind == "x"', '(coalesce("amount" <> 1, true)) and (coalesce("kind" = \'x\', false))'],
  ['`a b`.isnull() or not (a in [1, 2])', '("a b" is null) or (not ((coalesce("a" in (1, 2), false))))'],
  ['1 < a <= 3', 'coalesce(1 < "a", false) and coalesce("a" <= 3, false)'],
  ['(amount + 1) / 2 > a', 'coalesce((1.0 * (("amount" + 1)) / 2) > "a", false)'],
])('makes SQL of the pandas query %s', (condition, sql) => {
  expect(rowConditionSql(condition, table, 'pandas')).toBe(sql);
});

it.each(['amount ==', 'amount @ 3', 'kind.shape()', 'a == 1)'])('refuses the pandas query %s', (condition) => {
  expect(() => rowConditionSql(condition, table, 'pandas')).toThrow(
    expect.objectContaining({ code: 'ROW_CONDITION_UNREADABLE' }),
  );
});

it('names a column that is not there', () => {
  expect(() => rowConditionSql('col("amuont") > 1', table)).toThrow(
    expect.objectContaining({ code: 'EXPECTATION_COLUMN_MISSING' }),
  );
});
