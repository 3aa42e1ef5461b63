-- How popular each product was before each day.
-- Grain: one product on one day, from the first day after it was first seen to {{ last_day }}. Keys: product_sku_hash, day.
--   level  1 to 15: the product's share of all events on products on the days before, as −log2: 1 is more than half
-- Events from {{ last_day }} on do not count: that day is the first that is not wholly in the training part.
select
    product_sku_hash,
    day,
    {{ level(product_before, all_before) }} as level
from (
    select
        days.day,
        counted.product_sku_hash,
        sum(counted.events) as product_before,
        max(days.all_before) as all_before
    from (
        select
            day,
            sum(sum(events)) over (order by day rows between unbounded preceding and 1 preceding) as all_before
        from (
            select cast(server_timestamp as date) as day, 1 as events
            from {{ events }}
            where product_sku_hash is not null and cast(server_timestamp as date) < {{ last_day }}
            union all
            select {{ last_day }} as day, 0 as events
        ) as daily
        group by day
    ) as days
    inner join (
        select cast(server_timestamp as date) as day, product_sku_hash, count(*) as events
        from {{ events }}
        where product_sku_hash is not null and cast(server_timestamp as date) < {{ last_day }}
        group by cast(server_timestamp as date), product_sku_hash
    ) as counted
        on counted.day < days.day
    group by days.day, counted.product_sku_hash
) as shares
