{{ config(materialized='incremental', unique_key='order_id', incremental_strategy='merge', merge_update_columns=['amount']) }}
select order_id, amount, status from {{ ref('stg_orders') }} qualify row_number() over (partition by order_id order by round_no desc) = 1
