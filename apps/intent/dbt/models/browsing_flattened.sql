-- The raw events, their JSON taken apart once.
-- Grain: one raw event; loaded twice, it is here twice. Keys: session_id_hash with organization_id.
--   server_timestamp  UTC, to the millisecond
--   event_type        pageview or event_product
--   product_action    detail, add, remove or purchase; '' for a page view
--   product_sku_hash  null where the event is about no product
--   hashed_url        null where none was sent
select
    {{ by_bytes('session_id_hash') }} as session_id_hash,
    {{ by_bytes('organization_id') }} as organization_id,
    server_timestamp,
    {{ field('event', 'event_type', 'text') }} as event_type,
    coalesce({{ field('event', 'product_action', 'text') }}, '') as product_action,
    nullif({{ field('event', 'product_sku_hash', 'text') }}, '') as product_sku_hash,
    nullif({{ field('event', 'hashed_url', 'text') }}, '') as hashed_url
from (
    select
        session_id_hash,
        organization_id,
        server_timestamp_epoch_ms as server_timestamp,
        {{ json_fields('raw_browsing_event', {
            'event_type': 'text',
            'product_action': 'text',
            'product_sku_hash': 'text',
            'hashed_url': 'text',
        }) }} as event
    from {{ source('sigir_2021_demo', 'browsing_train_raw') }}
) as raw_events
