-- The events of all sessions without duplicates.
-- Grain: one event. Where several types share a session, organization and time, only those of the type that comes first by
-- the alphabet are kept (event_product before pageview, which a page sends beside it). Rows of that type that differ
-- in action, product or url all stay; rows that are the same in everything are one.
-- Keys: session_id_hash with organization_id, then server_timestamp, normalized_action, product_sku_hash, hashed_url.
--   server_timestamp   UTC, to the millisecond
--   normalized_action  pageview, or the action on the product
-- A table, because all that follows reads it, and its rows lie session by session. One pass over the raw events, in
-- windows that go to the disk where they do not fit: nothing here is held in memory for all sessions at once.
{{ config(materialized='table', post_hook="{{ analyzed(this) }}") }}
{%- set in_time -%}
            partition by session_id_hash, organization_id
            order by server_timestamp, event_type, normalized_action, product_sku_hash, hashed_url
        {%- endset %}

select
    session_id_hash,
    organization_id,
    server_timestamp,
    event_type,
    normalized_action,
    product_sku_hash,
    hashed_url
from (
    select
        *,
        row_number() over ({{ in_time }}) as place,
        -- Rows that are the same in everything have the same rank: the first of them has its place as its rank.
        rank() over ({{ in_time }}) as first_place,
        {{ least_at_once('event_type', 'session_id_hash, organization_id', 'server_timestamp') }} as first_type
    from (
        select
            session_id_hash,
            organization_id,
            server_timestamp,
            event_type,
            case when event_type = 'pageview' then 'pageview' else nullif(product_action, '') end as normalized_action,
            product_sku_hash,
            hashed_url
        from {{ ref('browsing_flattened') }}
    ) as normalized
) as ranked
where place = first_place
    and event_type = first_type
