{#- Times as times. -#}
with source as (
    select * from {{ source('raw', 'ordered') }}
    where round_no <= {{ var('round') }}
)
select
    id as order_id, customer_id, product, amount, status, round_no,
    cast(ordered_at as timestamp) as ordered_at,
    {{ dbt.date_trunc('day', 'cast(ordered_at as timestamp)') }} as ordered_on
from source
