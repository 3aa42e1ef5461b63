import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { gxDefinitions } from './quality/definitions.ts';
import { replay } from './quality/replay.ts';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
});
afterAll(async () => warehouse[Symbol.asyncDispose]());

/** What the definitions ask of pandas and no warehouse has, or of the way in which one engine prints. By file and title. */
const DIFFERS: readonly (readonly [name: RegExp, why: string])[] = [
  [
    /^expect_column_values_to_be_(?:of_type|in_type_list)\/.* (?:positive|negative)_test_(?:string|pandas)/,
    'a pandas column holds values of several types, a column of a table does not',
  ],
  [
    /^expect_column_values_to_be_of_type\/.* (?:dtype_object|(?:positive|negative)_pandas_datetime)/,
    'names of pandas types',
  ],
  [
    /^expect_column_values_to_match_strftime_format\/.*input_already_datetimes/,
    'a column of times: its text is matched, where pandas raises',
  ],
  [
    /(?:_pandas_v2_api| unexpected_values_exact_match_out_with_index_list)$/,
    'numbers of rows in a data frame; here the columns that are named',
  ],
  [
    /^expect_column_values_to_be_between.*_(?:other_sql|tz_informed)$/,
    'how the engine writes a time: with T here, and in UTC where there is an offset',
  ],
  [
    /^expect_column_stdev_to_be_between\/.*exact_min_and_max_sqlalchemy$/,
    'bounds of no width: the last bit of the sum differs',
  ],
];

it('gives what the test definitions of Great Expectations expect', async () => {
  const all = [];
  for (const file of gxDefinitions()) all.push(...(await replay(file, warehouse)));
  const same = all.filter((one) => one.outcome === 'same').length;
  const other = all.filter((one) => one.outcome === 'other');
  console.log(
    `${same} the same, ${other.length} others, ${all.length - same - other.length} for engines that there are not here`,
  );
  expect(other.filter(({ name }) => !DIFFERS.some(([of]) => of.test(name)))).toEqual([]);
  // Reasons that no definition has any more go away.
  for (const [of, why] of DIFFERS)
    expect
      .soft(
        other.some(({ name }) => of.test(name)),
        why,
      )
      .toBe(true);
  expect(same).toBeGreaterThanOrEqual(590);
});
