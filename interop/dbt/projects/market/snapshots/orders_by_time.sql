{% snapshot orders_by_time %}
{{ config(unique_key='order_id', strategy='timestamp', updated_at='ordered_at', target_schema='snaps') }}
select order_id, amount, status, ordered_at from {{ ref('stg_orders') }} qualify row_number() over (partition by order_id order by round_no desc) = 1
{% endsnapshot %}
{% snapshot customers_checked %}
{{ config(unique_key='customer_id', strategy='check', check_cols=['label', 'is_member'], schema='snaps', invalidate_hard_deletes=true) }}
select customer_id, label, is_member and {{ var('round') }} = 1 as is_member from {{ ref('stg_customers') }} where customer_id <> {{ var('round') }}
{% endsnapshot %}
