select a.n, b.n from (select sum(amount) as n from {{ ref('stg_orders') }}) a, (select sum(amount) as n from {{ ref('order_lines') }}) b where a.n <> b.n
