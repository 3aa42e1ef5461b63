{{ config(alias='spend_of_members', tags=['extra']) }}
select m.customer_id, m.label, coalesce(sum(l.total), 0) as spent
from {{ ref('stg_members') }} m left join {{ ref('order_lines') }} l on l.customer_id = m.customer_id
group by 1, 2
