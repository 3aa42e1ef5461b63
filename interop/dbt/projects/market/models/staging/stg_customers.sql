{{ config(materialized='ephemeral') }}
select id as customer_id, {{ dbt.concat(["coalesce(name, '?')", "' #'", 'cast(id as varchar)']) }} as label, since, is_member
from {{ ref('customers') }}
