-- The browsing events in the columns that the suite browsing_train names, in their order.
-- Grain: one raw event. server_timestamp_epoch_ms: milliseconds since 1970. product_action: '' for a page view without one.
-- In braces is what each warehouse says in its own way; steps/validate.ts fills it in.
select
    session_id_hash,
    event_type,
    product_action,
    {{ server_timestamp_epoch_ms }} as server_timestamp_epoch_ms
from public.browsing_flattened
