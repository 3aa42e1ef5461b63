-- The sessions with their events.
-- Grain: one session of one organization. Key: session_id_hash with organization_id.
--   events  array of objects (server_timestamp, event_type, normalized_action, product_sku_hash, hashed_url) in the order
--           of time; events at one time in the order of these fields, so that the order is always the same
--   the other columns: see the macro session_statistics
-- A view: an array for each of millions of sessions is more than memory should have to hold, and nobody reads them all at
-- once. Ask for some (by session_id_hash, a range of it, …) and only those are put together.
select
    session_id_hash,
    organization_id,
    {{ events_in_order() }} as events,
    {{ session_statistics() }}
from {{ ref('distinct_events') }}
group by session_id_hash, organization_id
