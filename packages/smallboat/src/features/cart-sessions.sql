-- The cart sessions, numbered in the order of their first add, then of organization and id.
-- Grain: one session with an add. {{ events }} is the relation.
select
    session_id_hash,
    organization_id,
    row_number() over (order by min(server_timestamp), organization_id, session_id_hash) - 1 as session
from {{ events }}
where normalized_action = 'add'
group by session_id_hash, organization_id
