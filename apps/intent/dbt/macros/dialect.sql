{#- What warehouses say differently. Each macro has one version a warehouse, named <adapter>__<name>. -#}

{#- A JSON column read once, as an object with the fields asked for, each null where it is missing or null.
    Kinds: text, integer, numbers (array of numbers), texts (array of texts). -#}
{% macro json_fields(column, fields) -%}
    {{ return(adapter.dispatch('json_fields')(column, fields)) }}
{%- endmacro %}

{% macro duckdb__json_fields(column, fields) -%}
    {%- set types = {'text': 'VARCHAR', 'integer': 'INTEGER', 'numbers': ['DOUBLE'], 'texts': ['VARCHAR']} -%}
    {%- set shape = {} -%}
    {%- for name, kind in fields.items() -%}
        {%- do shape.update({name: types[kind]}) -%}
    {%- endfor -%}
    json_transform({{ column }}, '{{ tojson(shape) }}')
{%- endmacro %}

{#- One row an element of an array; the place of that element, from 1. Both may stand in one select. -#}
{% macro unnested(array) -%}
    {{ return(adapter.dispatch('unnested')(array)) }}
{%- endmacro %}

{% macro duckdb__unnested(array) -%}
    unnest({{ array }})
{%- endmacro %}

{% macro unnested_place(array) -%}
    {{ return(adapter.dispatch('unnested_place')(array)) }}
{%- endmacro %}

{% macro duckdb__unnested_place(array) -%}
    generate_subscripts({{ array }}, 1)
{%- endmacro %}

{#- Whole seconds from one time to another, by the clock's seconds: 0.9 to 1.1 is 1, as TIMEDIFF of Snowflake has it. -#}
{% macro seconds_between(first, last) -%}
    {{ return(adapter.dispatch('seconds_between')(first, last)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(first, last) -%}
    date_diff('second', {{ first }}, {{ last }})
{%- endmacro %}

{#- The events of a group as an array of objects in the order of time, then of the other fields in their order. -#}
{% macro events_in_order() -%}
    {{ return(adapter.dispatch('events_in_order')()) }}
{%- endmacro %}

{#- Sorted after it is put together: list(… order by …) takes several times the memory. -#}
{% macro duckdb__events_in_order() -%}
    list_sort(list({
        'server_timestamp': server_timestamp,
        'event_type': event_type,
        'normalized_action': normalized_action,
        'product_sku_hash': product_sku_hash,
        'hashed_url': hashed_url
    }))
{%- endmacro %}
