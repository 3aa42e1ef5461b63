-- The sessions that may still buy, numbered in the order of their keys: those without a purchase, and only those with an add
-- where {{ adds }} is 1.
-- Grain: one session. {{ events }} is the relation.
select
    session_id_hash,
    organization_id,
    row_number() over (order by session_id_hash, organization_id) - 1 as session
from {{ events }}
group by session_id_hash, organization_id
having count(case when normalized_action = 'purchase' then 1 end) = 0
    and count(case when normalized_action = 'add' then 1 end) >= {{ adds }}
