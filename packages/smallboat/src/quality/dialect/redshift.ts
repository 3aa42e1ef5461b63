import { quoteText } from '../../warehouse/index.ts';
import type { Sql } from './sql.ts';
import { COMMON_SQL, orderedSetQuantiles } from './sql.ts';

/** Amazon Redshift: PostgreSQL 8 in its bones, so no `filter`, no `concat_ws`, no order of rows. */
export const redshiftSql: Sql = {
  ...COMMON_SQL,
  name: 'redshift',
  hasFilter: false,
  textType: 'varchar(max)',
  number: (value) => (Number.isFinite(value) ? String(value) : `cast('${value}' as double precision)`),
  matches: (value, regex) => `${value} ~ ${quoteText(regex)}`,
  isJson: (value) => `(is_valid_json(${value}) or is_valid_json_array(${value}) or can_json_parse(${value}))`,
  timeOfText: (value) => `cast(${value} as timestamp)`,
  key: (names) => names.map((name) => `cast(${name} as varchar)`).join(' || chr(31) || '),
  quantiles: orderedSetQuantiles,
  isNan: (value) => `${value} = 'NaN'`,
  sample: (source, { wanted, of }) =>
    of <= wanted ? source : `(select * from ${source} where random() < ${(wanted / of).toFixed(9)}) as sampled`,
};
