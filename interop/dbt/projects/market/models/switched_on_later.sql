{{ config(enabled=var('round') > 1) }}
select 1 as one
