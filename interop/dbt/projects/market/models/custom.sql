{{ config(materialized='numbered', start=5) }}
select 'a' as letter union all select 'b'
