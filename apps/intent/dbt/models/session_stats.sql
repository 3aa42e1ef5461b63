-- The sessions in numbers.
-- Grain: one session of one organization. Key: session_id_hash with organization_id.
-- Columns: see the macro session_statistics. A table, because checks, reports and the dataset all read it.
{{ config(materialized='table', post_hook="{{ analyzed(this) }}") }}

select
    session_id_hash,
    organization_id,
    {{ session_statistics() }}
from {{ ref('distinct_events') }}
group by session_id_hash, organization_id
