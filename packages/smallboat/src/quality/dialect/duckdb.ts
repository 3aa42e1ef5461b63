import { quoteText } from '../../warehouse/index.ts';
import type { Sql } from './sql.ts';
import { COMMON_SQL } from './sql.ts';

// Forms of dates that are no ISO 8601, month first as dateutil reads them.
const FORMS = [
  '%m/%d/%Y',
  '%m/%d/%Y %H:%M:%S',
  '%m/%d/%Y %H:%M',
  '%m-%d-%Y',
  '%b %d %Y',
  '%b %d %Y %H:%M:%S',
  '%b %d, %Y',
  '%d %b %Y',
  '%d %B %Y',
  '%B %d %Y',
  '%B %d, %Y',
  '%d-%b-%Y',
  '%Y%m%d',
  '%Y/%m/%d',
];

/** RE2 knows the letters and digits of ASCII only by `\\w` and `\\d`; Python and PostgreSQL those of Unicode. */
function unicodeWords(regex: string): string {
  let isClass = false;
  return regex.replace(/\\(.)|\[|\]/gs, (all, escaped: string | undefined) => {
    if (all === '[' || all === ']') {
      isClass = all === '[';
      return all;
    }
    if (escaped === 'w') return isClass ? '\\p{L}\\p{N}_' : '[\\p{L}\\p{N}_]';
    if (escaped === 'W' && !isClass) return '[^\\p{L}\\p{N}_]';
    return escaped === 'd' ? '\\p{Nd}' : all;
  });
}

/** DuckDB 1.x. */
export const duckdbSql: Sql = {
  ...COMMON_SQL,
  name: 'duckdb',
  rowOrder: 'rowid',
  doubleType: 'double',
  // `count_if` takes half the time of `count(*)` with a filter.
  countIf: (condition) => `count_if(${condition})`,
  number: (value) => `cast('${value}' as double)`,
  matches: (value, regex) => `regexp_matches(cast(${value} as varchar), ${quoteText(unicodeWords(regex))})`,
  finite: (value) => `case when isfinite(${value}) then ${value} end`,
  mean: (value) => `avg(${value})`,
  timeOfText: (value) =>
    `coalesce(try_cast(${value} as timestamp), try_strptime(${value}, [${FORMS.map(quoteText).join(', ')}]))`,
  // Python's JSON knows three words more.
  isJson: (value) =>
    `(json_valid(cast(${value} as varchar)) or trim(cast(${value} as varchar)) in ('NaN', 'Infinity', '-Infinity'))`,
  quantiles: (value, at, how) => ({
    measures: { quantiles: { of: value, call: (of) => `quantile_${how}(${of}, [${at.join(', ')}])` } },
    read: ({ quantiles = null }) => (Array.isArray(quantiles) ? quantiles : at.map(() => null)),
  }),
  before: (value, given, order) =>
    `lag(case when ${given} then ${value} end ignore nulls) over (${order === '' ? '' : `order by ${order}`})`,
  listed: (texts) => `list_filter([${texts.join(', ')}], reason -> reason is not null)`,
  holds: (list, text) => `list_contains(${list}, ${quoteText(text)})`,
  isNan: (value) => `isnan(${value})`,
  epoch: (value) => `epoch(${value})`,
  sample: (source, { wanted, of, seed }) =>
    of <= wanted ? source : `${source} using sample reservoir(${wanted} rows) repeatable (${seed})`,
  toFile: (query, path) => `copy (${query}) to ${quoteText(path)} (format parquet)`,
  replaceTable: (table, query) => [`create or replace table ${table} as ${query}`],
  temporaryTable: (table, query) => [`create or replace temporary table ${table} as ${query}`],
};
