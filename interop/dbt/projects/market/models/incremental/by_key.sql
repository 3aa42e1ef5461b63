{{ config(materialized='incremental', unique_key='order_id', on_schema_change='sync_all_columns') }}
select order_id, {{ 'amount' if var('round') == 1 else 'amount * 2 as amount, status' }} from {{ ref('stg_orders') }}
{% if is_incremental() %}where round_no = {{ var('round') }}{% endif %}
qualify row_number() over (partition by order_id order by round_no desc) = 1
