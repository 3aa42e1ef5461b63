-- The products that searches showed. A search that showed nothing has no row.
-- Grain: one product of one search. Keys: session_id_hash with organization_id, server_timestamp and rank.
--   server_timestamp  UTC
--   query_string      '' where the words are not known
--   rank              place in the list of results, from 1
--   query_vector      50 numbers that stand for the words; null where there are none
select
    {{ by_bytes('session_id_hash') }} as session_id_hash,
    {{ by_bytes('organization_id') }} as organization_id,
    server_timestamp,
    query_string,
    {{ unnested('search', 'product_skus_hash') }} as product_sku_hash,
    {{ unnested_place('search', 'product_skus_hash') }} as rank,
    {{ field('search', 'query_vector', 'numbers') }} as query_vector
from (
    select
        session_id_hash,
        organization_id,
        server_timestamp_epoch_ms as server_timestamp,
        query_string,
        {{ json_fields('raw_search_event', {
            'query_vector': 'numbers',
            'product_skus_hash': 'texts',
        }) }} as search
    from {{ source('sigir_2021_demo', 'search_train_raw') }}
) as searches{{ unnested_join('searches', 'search', 'product_skus_hash') }}
