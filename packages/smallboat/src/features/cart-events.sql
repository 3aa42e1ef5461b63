-- The events of some sessions.
-- Grain: one event. Order: session, then time.
--   session  0, 1, 2, …
--   token    the event's token, 255 where the action is not known
--   at_ms    the event's time, ms since 1970, UTC
-- Events of one session at the same time come in the order of event_type and normalized_action. Two that are equal in
-- those have the same token, so that nothing more is needed for the same result each time.
-- {{ events }} is the relation, {{ sessions }} a query that numbers the sessions, {{ token }} the expression that maps normalized_action to a token.
-- The rest in braces is what the warehouse says in its own way: see feature-sql.ts.
with cart as ({{ sessions }})

select
    cast(cart.session as {{ integer }}) as session,
    cast({{ token }} as {{ byte }}) as token,
    cast({{ epoch_ms(event.server_timestamp) }} as {{ double }}) as at_ms
from {{ events }} as event
inner join cart
    on event.session_id_hash = cart.session_id_hash
    and {{ is_same(event.organization_id, cart.organization_id) }}
order by cart.session, event.server_timestamp, event.event_type, event.normalized_action
