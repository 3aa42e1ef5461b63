/** A query for `rows` rows of shop events in 12 columns, the same each time: what the suites below are about. In DuckDB's SQL. */
export function shopEvents(rows: number): string {
  return `select
  md5((i // 7)::varchar) || md5((i // 7 + 1)::varchar) as session_id_hash,
  case when hash(i) % 3 = 0 then 'event_product' else 'pageview' end as event_type,
  case when hash(i) % 3 <> 0 then '' when hash(i + 1) % 12 = 0 then 'add' when hash(i + 1) % 12 = 1 then 'remove'
    when hash(i + 1) % 12 = 2 then 'purchase' else 'detail' end as product_action,
  1550000000000 + i * 137 as server_timestamp_epoch_ms,
  case when hash(i) % 3 = 0 then md5((hash(i + 2) % 60000)::varchar) end as product_sku_hash,
  'https://shop.example/p/' || (hash(i + 3) % 5000) as hashed_url,
  (hash(i + 4) % 100000) / 100.0::double as price,
  (hash(i + 5) % 9)::integer as quantity,
  ['IT', 'US', 'DE', 'FR', 'ES', 'GB', 'NL'][1 + (hash(i + 6) % 7)::integer] as country,
  hash(i + 7) % 4 = 0 as is_member,
  date '2019-01-01' + (i % 90)::integer as day,
  timestamp '2019-01-01' + to_seconds(i) as at
from range(${rows}) t(i)`;
}

const on = (column: string, type: string, kwargs: object = {}) => ({
  type: `expect_column_${type}`,
  kwargs: { column, ...kwargs },
});

/** The suite of the original project for browsing events. */
export const SEED = {
  name: 'browsing_train',
  expectations: [
    on('session_id_hash', 'values_to_not_be_null'),
    on('session_id_hash', 'values_to_be_in_type_list', { type_list: ['CHAR', 'VARCHAR', 'TEXT', 'String', 'str'] }),
    {
      type: 'expect_average_session_length_to_be_between',
      kwargs: { column: 'session_id_hash', min_value: 4, max_value: 10 },
    },
    on('event_type', 'values_to_be_in_set', { value_set: ['pageview', 'event_product'] }),
    on('product_action', 'values_to_be_in_set', { value_set: ['', 'detail', 'add', 'remove', 'purchase'] }),
    on('event_type', 'values_to_not_be_null'),
    on('session_id_hash', 'value_lengths_to_equal', { value: 64 }),
    on('server_timestamp_epoch_ms', 'values_to_be_between', { min_value: 1 }),
    { type: 'expect_table_row_count_to_be_between', kwargs: { min_value: 1 } },
    { type: 'expect_table_column_count_to_equal', kwargs: { value: 12 } },
  ],
};

/** 40 expectations over the 12 columns. All but one hold. */
export const FORTY = {
  name: 'forty',
  expectations: [
    ...[
      'session_id_hash',
      'event_type',
      'product_action',
      'server_timestamp_epoch_ms',
      'hashed_url',
      'price',
      'quantity',
      'country',
      'is_member',
      'day',
      'at',
    ].map((column) => on(column, 'values_to_not_be_null')),
    on('product_sku_hash', 'values_to_not_be_null', { mostly: 0.3 }),
    on('event_type', 'values_to_be_in_set', { value_set: ['pageview', 'event_product'] }),
    on('product_action', 'values_to_be_in_set', { value_set: ['', 'detail', 'add', 'remove', 'purchase'] }),
    on('country', 'values_to_be_in_set', { value_set: ['IT', 'US', 'DE', 'FR', 'ES', 'GB', 'NL'] }),
    on('country', 'values_to_not_be_in_set', { value_set: ['', 'XX', 'ZZ'] }),
    on('session_id_hash', 'value_lengths_to_equal', { value: 64 }),
    on('product_sku_hash', 'value_lengths_to_equal', { value: 32 }),
    on('country', 'value_lengths_to_equal', { value: 2 }),
    on('hashed_url', 'value_lengths_to_be_between', { min_value: 24, max_value: 28 }),
    on('server_timestamp_epoch_ms', 'values_to_be_between', { min_value: 1 }),
    on('price', 'values_to_be_between', { min_value: 0, max_value: 1000 }),
    on('price', 'values_to_be_between', { min_value: 0, max_value: 999, mostly: 0.99 }),
    on('quantity', 'values_to_be_between', { min_value: 0, max_value: 8 }),
    on('quantity', 'values_to_be_between', { min_value: 1, max_value: 8, mostly: 0.8 }),
    on('price', 'mean_to_be_between', { min_value: 400, max_value: 600 }),
    on('price', 'min_to_be_between', { min_value: 0 }),
    on('price', 'max_to_be_between', { max_value: 1000 }),
    on('price', 'sum_to_be_between', { min_value: 0 }),
    on('price', 'stdev_to_be_between', { min_value: 1, max_value: 1000 }),
    on('quantity', 'mean_to_be_between', { min_value: 3, max_value: 5 }),
    on('quantity', 'unique_value_count_to_be_between', { min_value: 9, max_value: 9 }),
    on('country', 'unique_value_count_to_be_between', { min_value: 7, max_value: 7 }),
    on('product_action', 'unique_value_count_to_be_between', { min_value: 1, max_value: 5 }),
    on('server_timestamp_epoch_ms', 'min_to_be_between', { min_value: 1500000000000 }),
    on('is_member', 'unique_value_count_to_be_between', { max_value: 2 }),
    on('product_sku_hash', 'proportion_of_non_null_values_to_be_between', { min_value: 0.3, max_value: 0.4 }),
    {
      type: 'expect_column_pair_values_a_to_be_greater_than_b',
      kwargs: { column_A: 'server_timestamp_epoch_ms', column_B: 'quantity' },
    },
    { type: 'expect_table_row_count_to_be_between', kwargs: { min_value: 1 } },
    on('quantity', 'sum_to_be_between', { max_value: 1 }),
  ],
};

const within = (name: string, low: string, high?: string): string =>
  `count_if(${name} < ${low}${high === undefined ? '' : ` or ${name} > ${high}`})`;

/** The figures of the suite of 40 in one statement, as a person would write it. */
export const BY_HAND = `select count(*),
count(session_id_hash), count(event_type), count(product_action), count(server_timestamp_epoch_ms), count(hashed_url), count(price), count(quantity),
count(country), count(is_member), count(day), count("at"), count(product_sku_hash),
count_if(event_type not in ('pageview', 'event_product')), count_if(product_action not in ('', 'detail', 'add', 'remove', 'purchase')),
count_if(country not in ('IT', 'US', 'DE', 'FR', 'ES', 'GB', 'NL')), count_if(country in ('', 'XX', 'ZZ')),
count_if(length(session_id_hash) <> 64), count_if(length(product_sku_hash) <> 32), count_if(length(country) <> 2), ${within('length(hashed_url)', '24', '28')},
${within('server_timestamp_epoch_ms', '1')}, ${within('price', '0', '1000')}, ${within('price', '0', '999')}, ${within('quantity', '0', '8')}, ${within('quantity', '1', '8')},
avg(price), min(price), max(price), sum(price), stddev_samp(price), avg(quantity), sum(quantity),
count(distinct quantity), count(distinct country), count(distinct product_action), min(server_timestamp_epoch_ms), count(distinct is_member),
count_if(not server_timestamp_epoch_ms > quantity)
from shop`;
