{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='append_new_columns') }}
select order_id, amount{% if var('round') > 1 %}, status{% endif %} from {{ ref('stg_orders') }}
{% if is_incremental() %}where round_no > (select max(1) from {{ this }}){% endif %}
