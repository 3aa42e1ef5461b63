{# Redshift: where it differs from PostgreSQL. Tables have a distribution and a sort key, and no indexes. #}
{% macro dist(dist) %}
  {%- if dist is not none -%}
    {%- set dist = dist.strip().lower() -%}
    {{ 'diststyle ' ~ dist if dist in ['all', 'even', 'auto'] else 'diststyle key distkey (' ~ dist ~ ')' }}
  {%- endif -%}
{%- endmacro -%}
{% macro sort(sort_type, sort) %}
  {%- if sort is not none -%}
    {%- if sort is string and sort.strip().lower() == 'auto' -%}
      {%- if sort_type -%}{{ exceptions.raise_compiler_error("Cannot set sort_type if sort is set to 'auto'") }}{%- endif -%}
      sortkey auto
    {%- else -%}
      {{ sort_type if sort_type is not none else 'compound' }} sortkey({{ sort if sort is string else sort | join(', ') }})
    {%- endif -%}
  {%- endif -%}
{%- endmacro -%}
{% macro redshift__create_table_as(temporary, relation, sql) -%}
  {%- set keys = dist(config.get('dist', none)) ~ ' ' ~ sort(config.get('sort_type', validator=validation.any['compound', 'interleaved']), config.get('sort', none)) -%}
  {%- set backup = 'backup no ' if config.get('backup', true) == false else '' -%}
  {%- set is_enforced = config.get('contract').enforced -%}
  {%- if is_enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
  {{ config.get('sql_header', none) or '' }}
  {% if is_enforced and not temporary -%}
create table {{ relation }} {{ get_table_columns_and_constraints() }} {{ backup }}{{ keys }};
insert into {{ relation }} ({{ adapter.dispatch('get_column_names', 'dbt')() }}) (
  {{ get_select_subquery(sql) }}
);
  {%- else -%}
create {{ 'temporary ' if temporary }}table {{ relation.include(database=(not temporary), schema=(not temporary)) }} {{ backup }}{{ keys }} as (
  {{ sql }}
);
  {%- endif %}
{%- endmacro %}
{% macro redshift__create_view_as(relation, sql) -%}
  {{ config.get('sql_header', none) or '' }}
create view {{ relation }}{% if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %} as (
  {{ sql }}
){{ ' with no schema binding' if config.get('bind', default=true) == false }};
{%- endmacro %}
{% macro redshift__get_replace_view_sql(relation, sql) -%}
  {{ config.get('sql_header', none) or '' }}
create or replace view {{ relation }} as (
  {{ sql }}
){{ ' with no schema binding' if config.get('bind', default=true) == false }};
{%- endmacro %}
{% macro redshift__get_create_index_sql(relation, index_dict) %}{% do return(none) %}{% endmacro %}
{% macro redshift__list_relations_without_caching(schema_relation) %}
  {% set sql %}
    select table_catalog as database, table_name as name, table_schema as schema, 'table' as type
    from information_schema.tables where table_schema ilike '{{ schema_relation.schema }}' and table_type = 'BASE TABLE'
    union all
    select table_catalog, table_name, table_schema,
      case when view_definition ilike '%create materialized view%' then 'materialized_view' else 'view' end
    from information_schema.views where table_schema ilike '{{ schema_relation.schema }}'
  {% endset %}
  {{ return(run_query(sql)) }}
{% endmacro %}
{% macro redshift__get_columns_in_relation(relation) -%}
  {% set schema = " and schema_name = '" ~ relation.schema ~ "'" if relation.schema else '' %}
  {% set table %}
    select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale
    from svv_all_columns where table_name = '{{ relation.identifier }}'{{ schema }} order by ordinal_position
  {% endset %}
  {% set found = run_query(table) %}
  {# Views without a binding, and temporary tables, are told of elsewhere. #}
  {% if found.rows | length == 0 %}
    {% set sql %}
      select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale
      from information_schema.columns where table_name = '{{ relation.identifier }}'
      {% if relation.schema %}and table_schema = '{{ relation.schema }}'{% endif %} order by ordinal_position
    {% endset %}
    {% set found = run_query(sql) %}
  {% endif %}
  {{ return(sql_convert_columns_in_relation(found)) }}
{% endmacro %}
{% macro redshift__make_temp_relation(base_relation, suffix) %}
  {{ return(postgres__make_relation_with_suffix(base_relation, suffix, true).incorporate(path={'schema': none, 'database': none})) }}
{% endmacro %}
{% macro redshift__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
  {% for column in add_columns or [] %}{% do run_query('alter table ' ~ relation.render() ~ ' add column ' ~ column.quoted ~ ' ' ~ column.expanded_data_type) %}{% endfor %}
  {% for column in remove_columns or [] %}{% do run_query('alter table ' ~ relation.render() ~ ' drop column ' ~ column.quoted) %}{% endfor %}
{% endmacro %}
{% macro redshift__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {%- if unique_key %}
    {%- set conditions = [] -%}
    {%- for key in ([unique_key] if unique_key is string else unique_key) -%}
      {%- do conditions.append(source ~ '.' ~ key ~ ' = ' ~ target ~ '.' ~ key) -%}
    {%- endfor %}
    delete from {{ target }} using {{ source }}
    where {{ (conditions + (incremental_predicates or []) | list) | join(' and ') }};
  {%- endif %}
    insert into {{ target }} ({{ columns }}) (select {{ columns }} from {{ source }})
{%- endmacro %}
{% macro redshift__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- if not unique_key -%}{{ exceptions.raise_compiler_error('dbt-redshift merge strategy requires unique_key') }}{%- endif -%}
  {%- set conditions = (incremental_predicates or []) | list -%}
  {%- for key in ([unique_key] if unique_key is string else unique_key) -%}{%- do conditions.append('DBT_INTERNAL_SOURCE.' ~ key ~ ' = ' ~ target ~ '.' ~ key) -%}{%- endfor -%}
  {{ config.get('sql_header', none) or '' }}
  merge into {{ target }} using {{ source }} as DBT_INTERNAL_SOURCE
  on {{ conditions | join(' and ') }}
  when matched then update set
    {% for column in get_merge_update_columns(config.get('merge_update_columns'), config.get('merge_exclude_columns'), dest_columns) -%}
      {{ column }} = DBT_INTERNAL_SOURCE.{{ column }}{{ ', ' if not loop.last }}
    {%- endfor %}
  when not matched then insert ({{ get_quoted_csv(dest_columns | map(attribute='name')) }})
  values ({% for column in dest_columns %}DBT_INTERNAL_SOURCE.{{ column.quoted }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
{% macro redshift__get_incremental_microbatch_sql(arg_dict) %}
  {% do arg_dict.update({'unique_key': none}) %}
  {% set predicates = (arg_dict['incremental_predicates'] or []) | list %}
  {% set event_time = model.config.event_time %}
  {% if model.batch and model.batch.event_time_start %}{% do predicates.append(event_time ~ " >= timestamp '" ~ model.batch.event_time_start ~ "'") %}{% endif %}
  {% if model.batch and model.batch.event_time_end %}{% do predicates.append(event_time ~ " < timestamp '" ~ model.batch.event_time_end ~ "'") %}{% endif %}
  delete from {{ arg_dict['target_relation'] }} where ({{ predicates | join(') and (') }});
  {{ get_insert_into_sql(arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns']) }}
{% endmacro %}
{% macro redshift__get_create_materialized_view_as_sql(relation, sql) %}
create materialized view {{ relation }}
backup {{ 'no' if config.get('backup', true) == false else 'yes' }} {{ dist(config.get('dist', none)) }} {{ sort(config.get('sort_type', none), config.get('sort', none)) }}
auto refresh {{ 'yes' if config.get('auto_refresh', false) else 'no' }}
as (
  {{ sql }}
)
{% endmacro %}
{% macro redshift__get_materialized_view_configuration_changes(existing_relation, new_config) %}{% do return(none) %}{% endmacro %}
{%- macro redshift__get_show_grant_sql(relation) -%}
select identity_name as grantee, lower(privilege_type) as privilege_type from svv_relation_privileges
where namespace_name = '{{ relation.schema }}' and relation_name = '{{ relation.identifier }}' and identity_type = 'user' and identity_name <> current_user
{%- endmacro -%}

{% macro redshift__current_timestamp() -%}getdate(){%- endmacro %}
{% macro redshift__snapshot_get_time() -%}{{ current_timestamp() }}::timestamp{%- endmacro %}
{% macro redshift__snapshot_string_as_time(timestamp) -%}{{ return("'" ~ timestamp ~ "'::timestamp") }}{%- endmacro %}
{% macro redshift__any_value(expression) -%}any_value({{ expression }}){%- endmacro %}
{% macro redshift__dateadd(datepart, interval, from_date_or_timestamp) %}dateadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }}){% endmacro %}
{% macro redshift__datediff(first_date, second_date, datepart) -%}datediff({{ datepart }}, {{ first_date }}, {{ second_date }}){%- endmacro %}
{% macro redshift__last_day(date, datepart) -%}
  {%- if datepart == 'quarter' -%}cast({{ dbt.dateadd('day', '-1', dbt.dateadd('month', '3', dbt.date_trunc(datepart, date))) }} as date)
  {%- else -%}{{ dbt.default_last_day(date, datepart) }}{%- endif -%}
{%- endmacro %}
{% macro redshift__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
listagg({{ measure }}, {{ delimiter_text }}){{ ' within group (' ~ order_by_clause ~ ')' if order_by_clause }}
{%- endmacro %}
{% macro redshift__length(expression) %}len({{ expression }}){% endmacro %}
{% macro redshift__cast_bool_to_text(field) %}case when {{ field }} is true then 'true' when {{ field }} is false then 'false' end::text{% endmacro %}
{% macro redshift__array_construct(inputs, data_type) -%}array({{ inputs | join(', ') }}){%- endmacro %}
{% macro redshift__array_append(array, new_element) -%}array_concat({{ array }}, array({{ new_element }})){%- endmacro %}
{% macro redshift__array_concat(array_1, array_2) -%}array_concat({{ array_1 }}, {{ array_2 }}){%- endmacro %}
{% macro redshift__get_catalog_relations(information_schema, relations) -%}
  {% set places = ['false'] %}
  {% for relation in relations %}
    {% set name = " and upper(t.table_name) = upper('" ~ relation.identifier ~ "')" if relation.identifier else '' %}
    {% do places.append("(upper(t.schema_name) = upper('" ~ relation.schema ~ "')" ~ name ~ ')') %}
  {% endfor %}
  {% set sql %}
    select t.database_name as table_database, t.schema_name as table_schema, t.table_name,
      case t.table_type when 'TABLE' then 'BASE TABLE' else t.table_type end as table_type, null as table_comment,
      c.column_name, c.ordinal_position as column_index, c.data_type as column_type, null as column_comment, null as table_owner
    from svv_all_tables as t
    join svv_all_columns as c on c.database_name = t.database_name and c.schema_name = t.schema_name and c.table_name = t.table_name
    where t.database_name = current_database() and ({{ places | join(' or ') }})
    order by t.schema_name, t.table_name, c.ordinal_position
  {% endset %}
  {{ return(run_query(sql)) }}
{%- endmacro %}
