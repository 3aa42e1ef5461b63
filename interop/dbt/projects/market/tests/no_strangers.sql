{{ config(severity='warn', tags=['strange'], store_failures=true, alias='strangers') }}
select * from {{ ref('order_lines') }} where label is null
