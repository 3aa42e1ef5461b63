{{ config(materialized='table', event_time='ordered_at') }}
select * from {{ ref('stg_orders') }}
