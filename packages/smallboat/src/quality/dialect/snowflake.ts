import { quoteText } from '../../warehouse/index.ts';
import type { Sql } from './sql.ts';
import { COMMON_SQL, orderedSetQuantiles } from './sql.ts';

/** Snowflake. Its rows have no order, and its regular expressions must match the whole text, as in Great Expectations there. */
export const snowflakeSql: Sql = {
  ...COMMON_SQL,
  name: 'snowflake',
  hasFilter: false,
  countIf: (condition) => `count_if(${condition})`,
  number: (value) => (Number.isFinite(value) ? String(value) : `cast('${value}' as double)`),
  // Snowflake reads backslashes in a text once itself.
  matches: (value, regex) => `${value} rlike ${quoteText(regex.replaceAll('\\', '\\\\'))}`,
  isJson: (value) => `check_json(${value}) is null`,
  timeOfText: (value) => `try_to_timestamp_ntz(${value})`,
  key: (names) => names.map((name) => `cast(${name} as varchar)`).join(' || chr(31) || '),
  quantiles: orderedSetQuantiles,
  isNan: (value) => `${value} = 'NaN'::float`,
  epoch: (value) => `date_part(epoch_second, ${value})`,
  sample: (source, { wanted, of, seed }) =>
    of <= wanted
      ? source
      : `(select * from ${source} sample bernoulli (${((100 * wanted) / of).toFixed(6)}) seed (${seed})) as sampled`,
  replaceTable: (table, query) => [`create or replace table ${table} as ${query}`],
  temporaryTable: (table, query) => [`create or replace temporary table ${table} as ${query}`],
};
