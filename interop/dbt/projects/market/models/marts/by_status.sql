{%- set statuses = dbt_utils_like_values(ref('stg_orders'), 'status') -%}
select customer_id
{%- for status in statuses %}
  , sum(case when status = '{{ status }}' then amount else 0 end) as {{ status | lower | replace(' ', '_') }}
{%- endfor %}
from {{ ref('stg_orders') }}
group by 1
order by 1
