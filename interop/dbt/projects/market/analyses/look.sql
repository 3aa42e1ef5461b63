select count(*) from {{ ref('order_lines') }} where total > {{ var('least_amount') }}
