{#- What warehouses say differently. Each macro has one version a warehouse, named <adapter>__<name>. -#}

{#- A JSON column read once, as an object with the fields asked for, each null where it is missing or null. `field` gives one of them.
    Kinds: text, integer (also as text; null where it is none), numbers (array of numbers), texts (array of texts). -#}
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

{#- JSONB, SUPER and VARIANT are taken apart when they are loaded. -#}
{% macro default__json_fields(column, fields) -%}
    {{ column }}
{%- endmacro %}

{#- A field of what json_fields gave, as one of its kinds. -#}
{% macro field(object, name, kind) -%}
    {{ return(adapter.dispatch('field')(object, name, kind)) }}
{%- endmacro %}

{% macro duckdb__field(object, name, kind) -%}
    {{ object }}.{{ name }}
{%- endmacro %}

{#- Text in the order of its bytes, as everywhere else: PostgreSQL has an order of its own for each database. -#}
{% macro postgres__field(object, name, kind) -%}
    {%- if kind in ('numbers', 'texts') -%}
        {%- set json = object ~ " -> '" ~ name ~ "'" -%}
        case when jsonb_typeof({{ json }}) = 'array' then array(
            select {{ 'element.value::double precision' if kind == 'numbers' else 'element.value collate "C"' }}
            from jsonb_array_elements_text({{ json }}) with ordinality as element(value, place)
            order by element.place
        ) end
    {%- elif kind == 'integer' -%}
        {%- set text = object ~ " ->> '" ~ name ~ "'" -%}
        case when {{ text }} ~ '^-?[0-9]{1,9}([.][0-9]+)?$' then cast(cast({{ text }} as numeric) as integer) end
    {%- else -%}
        ({{ object }} ->> '{{ name }}') collate "C"
    {%- endif -%}
{%- endmacro %}

{% macro redshift__field(object, name, kind) -%}
    {%- if kind in ('numbers', 'texts') -%}
        case when is_array({{ object }}.{{ name }}) then {{ object }}.{{ name }} end
    {%- elif kind == 'integer' -%}
        {%- set text = 'cast(' ~ object ~ '.' ~ name ~ ' as varchar)' -%}
        case when {{ text }} ~ '^-?[0-9]{1,9}([.][0-9]+)?$' then cast(cast({{ text }} as decimal(18, 4)) as integer) end
    {%- else -%}
        cast({{ object }}.{{ name }} as varchar(65535))
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__field(object, name, kind) -%}
    {%- if kind in ('numbers', 'texts') -%}
        case when is_array({{ object }}:{{ name }}) then cast({{ object }}:{{ name }} as array) end
    {%- elif kind == 'integer' -%}
        try_cast(cast({{ object }}:{{ name }} as varchar) as integer)
    {%- else -%}
        cast({{ object }}:{{ name }} as varchar)
    {%- endif -%}
{%- endmacro %}

{#- A column of text in the order of its bytes. -#}
{% macro by_bytes(column) -%}
    {{ return(adapter.dispatch('by_bytes')(column)) }}
{%- endmacro %}

{% macro default__by_bytes(column) -%}
    {{ column }}
{%- endmacro %}

{% macro postgres__by_bytes(column) -%}
    {{ column }} collate "C"
{%- endmacro %}

{% macro redshift__by_bytes(column) -%}
    {{ column }}
{%- endmacro %}

{#- A JSON column as something that can be ordered. -#}
{% macro json_text(column) -%}
    {{ return(adapter.dispatch('json_text')(column)) }}
{%- endmacro %}

{% macro duckdb__json_text(column) -%}
    {{ column }}
{%- endmacro %}

{% macro postgres__json_text(column) -%}
    cast({{ column }} as text) collate "C"
{%- endmacro %}

{% macro redshift__json_text(column) -%}
    json_serialize({{ column }})
{%- endmacro %}

{% macro snowflake__json_text(column) -%}
    to_json({{ column }})
{%- endmacro %}

{#- One row an element of an array: the element, and its place from 1. Both may stand in one select, with unnested_join behind its
    relation. The array is a field of `object`, texts. -#}
{% macro unnested(object, name) -%}
    {{ return(adapter.dispatch('unnested')(object, name)) }}
{%- endmacro %}

{% macro default__unnested(object, name) -%}
    unnest({{ field(object, name, 'texts') }})
{%- endmacro %}

{% macro redshift__unnested(object, name) -%}
    cast(element as varchar(65535))
{%- endmacro %}

{% macro snowflake__unnested(object, name) -%}
    cast(element.value as varchar)
{%- endmacro %}

{% macro unnested_place(object, name) -%}
    {{ return(adapter.dispatch('unnested_place')(object, name)) }}
{%- endmacro %}

{% macro default__unnested_place(object, name) -%}
    generate_subscripts({{ field(object, name, 'texts') }}, 1)
{%- endmacro %}

{% macro redshift__unnested_place(object, name) -%}
    place + 1
{%- endmacro %}

{% macro snowflake__unnested_place(object, name) -%}
    element.index + 1
{%- endmacro %}

{% macro unnested_join(relation, object, name) -%}
    {{ return(adapter.dispatch('unnested_join')(relation, object, name)) }}
{%- endmacro %}

{% macro default__unnested_join(relation, object, name) -%}
{%- endmacro %}

{% macro redshift__unnested_join(relation, object, name) -%}
    , {{ relation }}.{{ object }}.{{ name }} as element at place
{%- endmacro %}

{% macro snowflake__unnested_join(relation, object, name) -%}
    , lateral flatten(input => {{ field(relation ~ '.' ~ object, name, 'texts') }}) as element
{%- endmacro %}

{#- Whole seconds from one time to another, by the clock's seconds: 0.9 to 1.1 is 1, as TIMEDIFF of Snowflake has it. -#}
{% macro seconds_between(first, last) -%}
    {{ return(adapter.dispatch('seconds_between')(first, last)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(first, last) -%}
    date_diff('second', {{ first }}, {{ last }})
{%- endmacro %}

{% macro postgres__seconds_between(first, last) -%}
    cast(extract(epoch from date_trunc('second', {{ last }}) - date_trunc('second', {{ first }})) as bigint)
{%- endmacro %}

{% macro redshift__seconds_between(first, last) -%}
    datediff(second, {{ first }}, {{ last }})
{%- endmacro %}

{% macro snowflake__seconds_between(first, last) -%}
    datediff(second, {{ first }}, {{ last }})
{%- endmacro %}

{#- A number of 64 bits for some columns, the same where they are; none where the warehouse would sort as soon as it has made them. -#}
{% macro moment_number(columns) -%}
    {{ return(adapter.dispatch('moment_number')(columns)) }}
{%- endmacro %}

{% macro duckdb__moment_number(columns) -%}
    {{ return('hash(' ~ columns ~ ')') }}
{%- endmacro %}

{% macro default__moment_number(columns) -%}
    {{ return(none) }}
{%- endmacro %}

{#- The least value among rows that are at the same place of an order. -#}
{% macro least_at_once(column, partition, order) -%}
    {{ return(adapter.dispatch('least_at_once')(column, partition, order)) }}
{%- endmacro %}

{#- One sort does for this and for the ranks beside it. -#}
{% macro duckdb__least_at_once(column, partition, order) -%}
    min({{ column }}) over (
            partition by {{ partition }}
            order by {{ order }}
            range between current row and current row
        )
{%- endmacro %}

{% macro default__least_at_once(column, partition, order) -%}
    min({{ column }}) over (partition by {{ partition }}, {{ order }})
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

{% macro postgres__events_in_order() -%}
    jsonb_agg(jsonb_build_object(
        'server_timestamp', server_timestamp,
        'event_type', event_type,
        'normalized_action', normalized_action,
        'product_sku_hash', product_sku_hash,
        'hashed_url', hashed_url
    ) order by server_timestamp, event_type, normalized_action, product_sku_hash, hashed_url)
{%- endmacro %}

{#- A text put together from texts: Redshift aggregates no objects. -#}
{% macro redshift__events_in_order() -%}
    json_parse('[' || listagg(json_serialize(object(
        'server_timestamp', cast(server_timestamp as varchar),
        'event_type', event_type,
        'normalized_action', normalized_action,
        'product_sku_hash', product_sku_hash,
        'hashed_url', hashed_url
    )), ',') within group (
        order by server_timestamp, event_type, normalized_action, product_sku_hash, hashed_url
    ) || ']')
{%- endmacro %}

{% macro snowflake__events_in_order() -%}
    array_agg(object_construct_keep_null(
        'server_timestamp', to_char(server_timestamp, 'YYYY-MM-DD HH24:MI:SS.FF3'),
        'event_type', event_type,
        'normalized_action', normalized_action,
        'product_sku_hash', product_sku_hash,
        'hashed_url', hashed_url
    )) within group (order by server_timestamp, event_type, normalized_action, product_sku_hash, hashed_url)
{%- endmacro %}

{#- What is to be done once a table is made, so that its readers are planned well: nothing, where the warehouse counts by itself. -#}
{% macro analyzed(relation) -%}
    {{ return(adapter.dispatch('analyzed')(relation)) }}
{%- endmacro %}

{% macro default__analyzed(relation) -%}
{%- endmacro %}

{#- PostgreSQL counts a minute later, and joins row by row until then. -#}
{% macro postgres__analyzed(relation) -%}
    analyze {{ relation }}
{%- endmacro %}

{% macro redshift__analyzed(relation) -%}
{%- endmacro %}
