{{ config(materialized='incremental', unique_key=['order_id', 'round_no'], incremental_strategy='delete+insert', incremental_predicates=["DBT_INCREMENTAL_TARGET.order_id > 0"]) }}
select order_id, round_no, amount, {{ 'true' if is_incremental() else 'false' }} as was_incremental from {{ ref('stg_orders') }}
