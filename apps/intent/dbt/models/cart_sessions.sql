-- The sessions in which something was put into the cart: those of `sessions` with add_action_count above 0.
-- Grain, key and columns: as in `sessions`. The sessions are chosen before their events are put together.
select
    session_id_hash,
    organization_id,
    {{ events_in_order() }} as events,
    {{ session_statistics() }}
from {{ ref('distinct_events') }} as event
where exists (
    select 1
    from {{ ref('session_stats') }} as stats
    where stats.session_id_hash = event.session_id_hash
        and stats.organization_id = event.organization_id
        and stats.add_action_count > 0
)
group by session_id_hash, organization_id
