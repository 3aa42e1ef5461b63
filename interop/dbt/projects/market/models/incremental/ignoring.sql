{{ config(materialized='incremental', on_schema_change='ignore', full_refresh=false) }}
select {{ var('round') }} as round_no{{ ', 1 as more' if var('round') > 1 }}
