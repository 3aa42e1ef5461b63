-- What is known of the products, as of their last load.
-- Grain: one product. Key: product_sku_hash with organization_id.
--   item_vector   50 numbers that stand for its description; null where it has none
--   image_vector  50 numbers that stand for its picture; null where it has none
--   price_bucket  0 to 10, cheap to dear; null where it is not known
select
    {{ by_bytes('product_sku_hash') }} as product_sku_hash,
    {{ by_bytes('organization_id') }} as organization_id,
    {{ field('content', 'description_vector', 'numbers') }} as item_vector,
    {{ field('content', 'image_vector', 'numbers') }} as image_vector,
    {{ field('content', 'price_bucket', 'integer') }} as price_bucket
from (
    select
        product_sku_hash,
        organization_id,
        {{ json_fields('metadata', {
            'description_vector': 'numbers',
            'image_vector': 'numbers',
            'price_bucket': 'integer',
        }) }} as content,
        row_number() over (
            partition by organization_id, product_sku_hash
            order by ingestion_timestamp_epoch_ms desc, {{ json_text('metadata') }}
        ) as age
    from {{ source('sigir_2021_demo', 'sku_to_content_raw') }}
) as loads
where age = 1
