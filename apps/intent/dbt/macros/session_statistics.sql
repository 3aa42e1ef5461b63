{#-
    The numbers of a session, over its distinct events.
      start_time, end_time  of its first and last event, UTC
      session_time          whole seconds from one to the other
      session_action_count  its events
      add_action_count      those that put something into the cart
-#}
{% macro session_statistics() -%}
    min(server_timestamp) as start_time,
    max(server_timestamp) as end_time,
    {{ seconds_between('min(server_timestamp)', 'max(server_timestamp)') }} as session_time,
    count(*) as session_action_count,
    count(case when normalized_action = 'add' then 1 end) as add_action_count
{%- endmacro %}
