{{ config(materialized='ephemeral', tags='members') }}
with members as (select * from {{ ref('stg_customers') }} where is_member)
select * from members
