-- The events of all sessions without duplicates.
-- Grain: one event. Where several types share a session, organization and time, only those of the type that comes first by
-- the alphabet are kept (event_product before pageview, which a page sends beside it). Rows of that type that differ
-- in action, product or url all stay; rows that are the same in everything are one.
-- Keys: session_id_hash with organization_id, then server_timestamp, normalized_action, product_sku_hash, hashed_url.
--   server_timestamp   UTC, to the millisecond
--   normalized_action  pageview, or the action on the product
-- A table, because all that follows reads it.
-- Only events at one moment of one session can be duplicates, and few are: where the warehouse has a number for a moment,
-- the rows that are alone at theirs pass as they are, and only the others are sorted. Two moments with the same number
-- only send rows through the sort that needed none. Nothing here is held in memory for all sessions but those numbers.
{{ config(materialized='table', post_hook="{{ analyzed(this) }}") }}
{%- set moment = moment_number('session_id_hash, organization_id, server_timestamp') -%}
{%- set in_time -%}
            partition by session_id_hash, organization_id
            order by server_timestamp, event_type, normalized_action, product_sku_hash, hashed_url
        {%- endset -%}
{%- set columns -%}
    session_id_hash,
    organization_id,
    server_timestamp,
    event_type,
    case when event_type = 'pageview' then 'pageview' else nullif(product_action, '') end as normalized_action,
    product_sku_hash,
    hashed_url
{%- endset %}

{% if moment is not none -%}
with crowded as (
    select {{ moment }} as moment
    from {{ ref('browsing_flattened') }}
    group by {{ moment }}
    having count(*) > 1
)

select
    {{ columns }}
from {{ ref('browsing_flattened') }}
where {{ moment }} not in (select moment from crowded)

union all

{% endif -%}
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
            {{ columns | indent(8) }}
        from {{ ref('browsing_flattened') }}
        {%- if moment is not none %}
        where {{ moment }} in (select moment from crowded)
        {%- endif %}
    ) as normalized
) as ranked
where place = first_place
    and event_type = first_type
