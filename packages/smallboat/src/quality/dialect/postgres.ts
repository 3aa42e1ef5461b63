import { quoteText } from '../../warehouse/index.ts';
import type { Sql } from './sql.ts';
import { familyOf } from './type-family.ts';
import { COMMON_SQL, orderedSetQuantiles } from './sql.ts';

/** PostgreSQL 12 and later. */
export const postgresSql: Sql = {
  ...COMMON_SQL,
  name: 'postgres',
  textType: 'text',
  rowOrder: 'ctid',
  countIf: (condition) => `count(*) filter (where ${condition})`,
  number: (value) => (Number.isFinite(value) ? String(value) : `cast('${value}' as double precision)`),
  matches: (value, regex) => `${value} ~ ${quoteText(regex)}`,
  // `is json` came with PostgreSQL 16; before it, each distinct value is read by us.
  isJson: () => undefined,
  hasLookaround: true,
  timeOfText: (value) => `cast(${value} as timestamp)`,
  asText: (value, type) => (familyOf(type) === 'text' ? value : `cast(${value} as text)`),
  quantiles: orderedSetQuantiles,
  listed: (texts) => `array_remove(array[${texts.join(', ')}], null)`,
  holds: (list, text) => `${quoteText(text)} = any (${list})`,
  isNan: (value) => `${value} = 'NaN'`,
  sample: (source, { wanted, of, seed }) =>
    of <= wanted
      ? source
      : `(select * from ${source} order by hashtextextended(cast(ctid as text), ${seed}) limit ${wanted}) as sampled`,
};
