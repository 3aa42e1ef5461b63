import type { RawTable } from 'smallboat/warehouse';

/** The schema of the raw tables, as the original project names it. */
export const RAW_SCHEMA = 'sigir_2021_demo';

const organization = { name: 'organization_id', from: { kind: 'constant', value: 'shop' } } as const;

/** Events of shoppers: one row an event. */
const browsing: RawTable = {
  file: 'browsing_train',
  table: 'browsing_train_raw',
  source: [
    { name: 'session_id_hash', kind: 'text' },
    { name: 'event_type', kind: 'text' },
    { name: 'product_action', kind: 'text' },
    { name: 'product_sku_hash', kind: 'text' },
    { name: 'server_timestamp_epoch_ms', kind: 'epochMs' },
    { name: 'hashed_url', kind: 'text' },
  ],
  columns: [
    { name: 'session_id_hash', from: { kind: 'column', column: 'session_id_hash' } },
    { name: 'server_timestamp_epoch_ms', from: { kind: 'column', column: 'server_timestamp_epoch_ms' } },
    organization,
    {
      name: 'raw_browsing_event',
      from: { kind: 'json', columns: ['event_type', 'product_action', 'product_sku_hash', 'hashed_url'] },
    },
  ],
};

/** Searches: one row a search; what was shown and clicked are lists of products. The data has no words, only their vector. */
const search: RawTable = {
  file: 'search_train',
  table: 'search_train_raw',
  source: [
    { name: 'session_id_hash', kind: 'text' },
    { name: 'query_vector', kind: 'list' },
    { name: 'clicked_skus_hash', kind: 'list' },
    { name: 'product_skus_hash', kind: 'list' },
    { name: 'server_timestamp_epoch_ms', kind: 'epochMs' },
  ],
  columns: [
    { name: 'session_id_hash', from: { kind: 'column', column: 'session_id_hash' } },
    { name: 'server_timestamp_epoch_ms', from: { kind: 'column', column: 'server_timestamp_epoch_ms' } },
    organization,
    { name: 'query_string', from: { kind: 'constant', value: '' } },
    {
      name: 'raw_search_event',
      from: { kind: 'json', columns: ['query_vector', 'clicked_skus_hash', 'product_skus_hash'] },
    },
  ],
};

/** Products: one row a product. */
const content: RawTable = {
  file: 'sku_to_content',
  table: 'sku_to_content_raw',
  source: [
    { name: 'product_sku_hash', kind: 'text' },
    { name: 'description_vector', kind: 'list' },
    { name: 'category_hash', kind: 'text' },
    { name: 'image_vector', kind: 'list' },
    { name: 'price_bucket', kind: 'text' },
  ],
  columns: [
    { name: 'product_sku_hash', from: { kind: 'column', column: 'product_sku_hash' } },
    { name: 'ingestion_timestamp_epoch_ms', from: { kind: 'loadedAt' } },
    organization,
    {
      name: 'metadata',
      from: { kind: 'json', columns: ['description_vector', 'category_hash', 'image_vector', 'price_bucket'] },
    },
  ],
};

/** The three files of the SIGIR eCom 2021 data challenge, and the raw tables that the original project loads them into. */
export const rawTables: readonly RawTable[] = [browsing, search, content];
