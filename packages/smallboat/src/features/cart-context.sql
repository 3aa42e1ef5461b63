-- The events of some sessions, with what features need of them.
-- Grain: one event. Order: session, then as in cart-events.sql; events at one time with equal type and action come in the order of product and page.
--   session    0, 1, 2, …
--   token      the event's token, 255 where the action is not known
--   at_ms      the event's time, ms since 1970, UTC
--   page       0 none, 1 any other, from 2 the frequent pages
--   page_identity  equal for equal pages, −1 where there is none
--   price      the product's price bucket, 1 to 15; 0 where it is not known
--   popularity 1 to 15 by the product's share of all events on products on the days before (in the training part; later
--              events have the share at its end): 1 is more than half, each further one half as much; 0 none
-- {{ events }} is the relation, {{ sessions }} a query that numbers the sessions, {{ token }} the expression that maps normalized_action to a token; {{ pages }}, {{ prices }} and
-- {{ popularity }} are queries that give a page's number, a product's price, a product's popularity by day. The rest in braces is what the warehouse says in its own way: see feature-sql.ts.
with cart as ({{ sessions }}),

page as ({{ pages }}),

price as ({{ prices }}),

popular as ({{ popularity }}),

event as (
    select
        cart.session,
        event.server_timestamp,
        event.event_type,
        event.normalized_action,
        event.product_sku_hash,
        event.hashed_url,
        least(cast(event.server_timestamp as date), {{ last_day }}) as day
    from {{ events }} as event
    inner join cart
        on event.session_id_hash = cart.session_id_hash
        and {{ is_same(event.organization_id, cart.organization_id) }}
),

url as (
    select
        hashed_url,
        row_number() over (order by hashed_url) as number
    from (select distinct hashed_url from event where hashed_url is not null) as urls
)

select
    cast(event.session as {{ integer }}) as session,
    cast({{ token }} as {{ byte }}) as token,
    cast({{ epoch_ms(event.server_timestamp) }} as {{ double }}) as at_ms,
    cast(case when event.hashed_url is null then 0 else coalesce(page.number, 1) end as {{ byte }}) as page,
    cast(coalesce(url.number, -1) as {{ integer }}) as page_identity,
    cast(coalesce(price.price, 0) as {{ byte }}) as price,
    cast(coalesce(popular.level, 0) as {{ byte }}) as popularity
from event
left join url on event.hashed_url = url.hashed_url
left join page on event.hashed_url = page.hashed_url
left join price on event.product_sku_hash = price.product_sku_hash
left join popular on event.product_sku_hash = popular.product_sku_hash and event.day = popular.day
order by event.session, event.server_timestamp, event.event_type, event.normalized_action, event.product_sku_hash, event.hashed_url
