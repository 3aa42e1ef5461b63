{{ config(
    pre_hook=["{{ note('pre', this.identifier) }}", {'sql': "{{ note('pre2', 'x') }}", 'transaction': false}],
    post_hook="{{ note('post', this.identifier) }}",
    indexes=[{'columns': ['order_id']}]
) }}
{%- set labels = var('labels') %}
select o.order_id, o.round_no, o.customer_id, c.label, o.product, p.title, o.amount, o.amount * p.price as total,
  case {% for name, least in labels | dictsort(by='value', reverse=true) -%}
    when o.amount * p.price >= {{ least }} then '{{ name }}' {% endfor -%} else 'tiny' end as size,
  o.ordered_on
from {{ ref('stg_orders') }} as o
left join {{ ref('stg_customers') }} as c using (customer_id)
left join {{ ref('products') }} as p on p.code = o.product
where o.amount >= {{ var('least_amount') }}
