{# PostgreSQL: where its SQL and its catalog differ from what the general macros say. #}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
  {%- set header = config.get('sql_header', none) -%}
  {%- set kind = 'temporary ' if temporary else ('unlogged ' if config.get('unlogged', default=false) else '') -%}
  {{ header if header is not none }}
  {%- set is_enforced = config.get('contract').enforced -%}
  {%- if is_enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
  {% if is_enforced and not temporary -%}
create {{ kind }}table {{ relation }} {{ get_table_columns_and_constraints() }};
insert into {{ relation }} ({{ adapter.dispatch('get_column_names', 'dbt')() }}) (
  {{ get_select_subquery(sql) }}
);
  {%- else -%}
create {{ kind }}table {{ relation }} as (
  {{ sql }}
);
  {%- endif %}
{%- endmacro %}
{% macro postgres__create_schema(relation) -%}
  {%- if relation.database -%}{{ adapter.verify_database(relation.database) }}{%- endif -%}
  {%- call statement('create_schema') -%}create schema if not exists {{ relation.without_identifier().include(database=false) }}{%- endcall -%}
{% endmacro %}
{% macro postgres__drop_schema(relation) -%}
  {%- if relation.database -%}{{ adapter.verify_database(relation.database) }}{%- endif -%}
  {%- call statement('drop_schema') -%}drop schema if exists {{ relation.without_identifier().include(database=false) }} cascade{%- endcall -%}
{% endmacro %}
{% macro postgres__information_schema_name(database) -%}information_schema{%- endmacro %}
{% macro postgres__list_schemas(database) %}
  {% if database %}{{ adapter.verify_database(database) }}{% endif %}
  {{ return(run_query('select distinct nspname from pg_namespace')) }}
{% endmacro %}
{% macro postgres__check_schema_exists(information_schema, schema) -%}
  {% if information_schema.database %}{{ adapter.verify_database(information_schema.database) }}{% endif %}
  {{ return(run_query("select count(*) from pg_namespace where nspname = '" ~ schema ~ "'")) }}
{% endmacro %}
{% macro postgres__list_relations_without_caching(schema_relation) %}
  {% set sql %}
    select '{{ schema_relation.database }}' as database, relname as name, nspname as schema,
      case relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end as type
    from pg_class join pg_namespace on relnamespace = pg_namespace.oid
    where relkind in ('r', 'p', 'v', 'm') and nspname ilike '{{ schema_relation.schema }}'
    union all
    select distinct '{{ schema_relation.database }}', proname, nspname, 'function'
    from pg_proc join pg_namespace on pronamespace = pg_namespace.oid
    where nspname ilike '{{ schema_relation.schema }}'
  {% endset %}
  {{ return(run_query(sql)) }}
{% endmacro %}
{% macro postgres__get_columns_in_relation(relation) -%}
  {% set sql %}
    select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale
    from {{ relation.information_schema('columns') }}
    where table_name = '{{ relation.identifier }}'{% if relation.schema %} and table_schema = '{{ relation.schema }}'{% endif %}
    order by ordinal_position
  {% endset %}
  {{ return(sql_convert_columns_in_relation(run_query(sql))) }}
{% endmacro %}
{# What is dropped with what: the cache of relations follows `cascade`. #}
{% macro postgres__get_relations() -%}
  {% set sql %}
    select distinct reader_schema.nspname, reader.relname, read_schema.nspname, read.relname
    from pg_rewrite
    join pg_class as reader on reader.oid = pg_rewrite.ev_class
    join pg_namespace as reader_schema on reader_schema.oid = reader.relnamespace
    join pg_depend on pg_depend.classid = 'pg_rewrite'::regclass and pg_depend.objid = pg_rewrite.oid
      and pg_depend.refclassid = 'pg_class'::regclass and pg_depend.refobjid <> reader.oid
    join pg_class as read on read.oid = pg_depend.refobjid
    join pg_namespace as read_schema on read_schema.oid = read.relnamespace
    where read_schema.nspname <> 'information_schema' and read_schema.nspname not like 'pg\_%'
    order by 1, 2, 3, 4
  {% endset %}
  {{ return(run_query(sql)) }}
{% endmacro %}
{% macro postgres_get_relations() %}{{ return(postgres__get_relations()) }}{% endmacro %}

{# Names of relations have 63 characters at most; a suffix takes the place of the end of a long one. #}
{% macro postgres__make_relation_with_suffix(base_relation, suffix, dstring) %}
  {% set ending = suffix ~ modules.datetime.datetime.now().strftime('%H%M%S%f') if dstring else suffix %}
  {% set room = base_relation.relation_max_name_length() - (ending | length) %}
  {% if room < 0 %}
    {% do exceptions.raise_compiler_error('Relation suffix is too long (' ~ (ending | length) ~ ' characters). Maximum length is ' ~ base_relation.relation_max_name_length() ~ ' characters.') %}
  {% endif %}
  {{ return(base_relation.incorporate(path={'identifier': base_relation.identifier[:room] ~ ending})) }}
{% endmacro %}
{% macro postgres__make_intermediate_relation(base_relation, suffix) %}{{ return(postgres__make_relation_with_suffix(base_relation, suffix, false)) }}{% endmacro %}
{% macro postgres__make_temp_relation(base_relation, suffix) %}
  {{ return(postgres__make_relation_with_suffix(base_relation, suffix, true).incorporate(path={'schema': none, 'database': none})) }}
{% endmacro %}
{% macro postgres__make_backup_relation(base_relation, backup_relation_type, suffix) %}
  {{ return(postgres__make_relation_with_suffix(base_relation, suffix, false).incorporate(type=backup_relation_type)) }}
{% endmacro %}

{# A quoting that a comment cannot end by chance. #}
{% macro postgres_escape_comment(comment) -%}
  {% if comment is not string %}{% do exceptions.raise_compiler_error('cannot escape a non-string: ' ~ comment) %}{% endif %}
  {%- set mark = '$dbt_comment_literal_block$' -%}
  {%- if mark in comment -%}{%- do exceptions.raise_compiler_error('The string ' ~ mark ~ ' is not allowed in comments.') -%}{%- endif -%}
  {{ mark }}{{ comment }}{{ mark }}
{%- endmacro %}
{% macro postgres__alter_relation_comment(relation, comment) %}
comment on {{ 'materialized view' if relation.type == 'materialized_view' else relation.type }} {{ relation }} is {{ postgres_escape_comment(comment) }};
{% endmacro %}
{% macro postgres__alter_column_comment(relation, column_dict) %}
  {% set known = adapter.get_columns_in_relation(relation) | map(attribute='name') | list %}
  {% for name in validate_doc_columns(relation, column_dict, known) %}
comment on column {{ relation }}.{{ adapter.quote(name) if column_dict[name]['quote'] else name }} is {{ postgres_escape_comment(column_dict[name]['description']) }};
  {% endfor %}
{% endmacro %}
{%- macro postgres__get_show_grant_sql(relation) -%}
select grantee, privilege_type from {{ relation.information_schema('role_table_grants') }}
where grantor = current_role and grantee != current_role and table_schema = '{{ relation.schema }}' and table_name = '{{ relation.identifier }}'
{%- endmacro -%}
{% macro postgres__copy_grants() %}{{ return(false) }}{% endmacro %}

{% macro postgres__get_create_index_sql(relation, index_dict) -%}
  {%- set index = adapter.parse_index(index_dict) -%}
create {{ 'unique ' if index.unique }}index if not exists "{{ index.render(relation) }}" on {{ relation }} {{ 'using ' ~ index.type if index.type }} ({{ index.columns | join(', ') }})
{%- endmacro %}
{%- macro postgres__get_drop_index_sql(relation, index_name) -%}drop index if exists "{{ relation.schema }}"."{{ index_name }}"{%- endmacro -%}
{% macro postgres__get_show_indexes_sql(relation) %}
select index_class.relname as name, pg_am.amname as method, pg_index.indisunique as "unique", array_to_string(array_agg(pg_attribute.attname), ',') as column_names
from pg_index
join pg_class as index_class on index_class.oid = pg_index.indexrelid
join pg_am on pg_am.oid = index_class.relam
join pg_class as table_class on table_class.oid = pg_index.indrelid
join pg_namespace on pg_namespace.oid = table_class.relnamespace
join pg_attribute on pg_attribute.attrelid = table_class.oid and pg_attribute.attnum = any(pg_index.indkey)
where table_class.relname = '{{ relation.identifier }}' and pg_namespace.nspname = '{{ relation.schema }}' and table_class.relkind in ('r', 'm')
group by 1, 2, 3 order by 1, 2, 3
{% endmacro %}

{% macro postgres__get_replace_view_sql(relation, sql) -%}
  {%- set header = config.get('sql_header', none) -%}
  {{ header if header is not none }}
  {%- if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
create or replace view {{ relation }} as (
  {{ sql }}
);
{%- endmacro %}
{% macro postgres__get_create_materialized_view_as_sql(relation, sql) %}
create materialized view if not exists {{ relation }} as {{ sql }};
{% for index in config.get('indexes', []) %}{{ get_create_index_sql(relation, index) }};{% endfor %}
{% endmacro %}
{% macro postgres__refresh_materialized_view(relation) %}refresh materialized view {{ relation }}{% endmacro %}
{% macro postgres__describe_materialized_view(relation) %}{% do return({'indexes': run_query(get_show_indexes_sql(relation))}) %}{% endmacro %}
{# None where the indexes are those that the model asks for; else what is to be dropped and made. #}
{% macro postgres__get_materialized_view_configuration_changes(existing_relation, new_config) %}
  {% set there = {} %}
  {% for row in postgres__describe_materialized_view(existing_relation)['indexes'].rows %}
    {% do there.update({row['name']: [row['column_names'].split(',') | map('lower') | sort | list, row['unique'], row['method']]}) %}
  {% endfor %}
  {% set wanted = [] %}
  {% for index in new_config.get('indexes', []) or [] %}
    {% do wanted.append([index, [index['columns'] | map('lower') | sort | list, index.get('unique', false), index.get('type') or 'btree']]) %}
  {% endfor %}
  {% set changes = {'drop': [], 'create': [], 'requires_full_refresh': false} %}
  {% for name, shape in there.items() %}{% if shape not in (wanted | map('last') | list) %}{% do changes['drop'].append(name) %}{% endif %}{% endfor %}
  {% for index, shape in wanted %}{% if shape not in (there.values() | list) %}{% do changes['create'].append(index) %}{% endif %}{% endfor %}
  {% do return(changes if changes['drop'] or changes['create'] else none) %}
{% endmacro %}
{% macro postgres__get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) %}
  {% for name in configuration_changes['drop'] %}{{ postgres__get_drop_index_sql(relation, name) }};{% endfor %}
  {% for index in configuration_changes['create'] %}{{ postgres__get_create_index_sql(relation, index) }};{% endfor %}
{% endmacro %}

{% macro postgres__current_timestamp() -%}now(){%- endmacro %}
{% macro postgres__snapshot_string_as_time(timestamp) -%}{{ return("'" ~ timestamp ~ "'::timestamp without time zone") }}{%- endmacro %}
{% macro postgres__snapshot_get_time() -%}{{ current_timestamp() }}::timestamp without time zone{%- endmacro %}
{% macro postgres__current_timestamp_backcompat() %}current_timestamp::{{ type_timestamp() }}{% endmacro %}
{% macro postgres__current_timestamp_in_utc_backcompat() %}(current_timestamp at time zone 'utc')::{{ type_timestamp() }}{% endmacro %}

{% macro postgres__get_incremental_default_sql(arg_dict) %}
  {% if arg_dict['unique_key'] %}{% do return(get_incremental_delete_insert_sql(arg_dict)) %}{% endif %}
  {% do return(get_incremental_append_sql(arg_dict)) %}
{% endmacro %}
{% macro postgres__get_incremental_microbatch_sql(arg_dict) %}
  {% if arg_dict['unique_key'] %}{% do return(adapter.dispatch('get_incremental_merge_sql', 'dbt')(arg_dict)) %}{% endif %}
  {{ exceptions.raise_compiler_error("dbt-postgres 'microbatch' requires a `unique_key` config") }}
{% endmacro %}
{% macro postgres__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  {%- set open = target ~ '.' ~ names.dbt_valid_to -%}
  {%- set current = config.get('dbt_valid_to_current') -%}
update {{ target }} set {{ names.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ names.dbt_valid_to }}
from {{ source }} as DBT_INTERNAL_SOURCE
where DBT_INTERNAL_SOURCE.{{ names.dbt_scd_id }}::text = {{ target }}.{{ names.dbt_scd_id }}::text
  and DBT_INTERNAL_SOURCE.dbt_change_type::text in ('update'::text, 'delete'::text)
  and {{ '(' ~ open ~ ' = ' ~ current ~ ' or ' ~ open ~ ' is null)' if current else open ~ ' is null' }};
insert into {{ target }} ({{ insert_cols | join(', ') }})
select {% for column in insert_cols %}DBT_INTERNAL_SOURCE.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
from {{ source }} as DBT_INTERNAL_SOURCE
where DBT_INTERNAL_SOURCE.dbt_change_type::text = 'insert'::text;
{% endmacro %}
{% macro postgres__formatted_scalar_function_args_sql() %}
  {%- set parts = [] -%}
  {%- for argument in model.arguments -%}
    {%- set usual = argument.get('default_value', none) -%}
    {%- do parts.append(argument.name ~ ' ' ~ argument.data_type ~ (' default ' ~ usual if usual != none else '')) -%}
  {%- endfor -%}
  {{ parts | join(', ') }}
{% endmacro %}

{# SQL functions by PostgreSQL's names. #}
{% macro postgres__any_value(expression) -%}min({{ expression }}){%- endmacro %}
{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) %}{{ from_date_or_timestamp }} + ((interval '1 {{ datepart }}') * ({{ interval }})){% endmacro %}
{% macro postgres__datediff(first_date, second_date, datepart) -%}
  {%- set type = 'date' if datepart in ['year', 'quarter', 'month'] else 'timestamp' -%}
  {%- set difference = "date_part('" ~ datepart ~ "', (" ~ second_date ~ ')::' ~ type ~ ") - date_part('" ~ datepart ~ "', (" ~ first_date ~ ')::' ~ type ~ ')' -%}
  {%- if datepart == 'year' -%}({{ difference }})
  {%- elif datepart == 'quarter' -%}({{ datediff(first_date, second_date, 'year') }} * 4 + {{ difference }})
  {%- elif datepart == 'month' -%}({{ datediff(first_date, second_date, 'year') }} * 12 + {{ difference }})
  {%- elif datepart == 'day' -%}(({{ second_date }})::date - ({{ first_date }})::date)
  {%- elif datepart == 'week' -%}
({{ datediff(first_date, second_date, 'day') }} / 7 + case
  when date_part('dow', ({{ first_date }})::timestamp) <= date_part('dow', ({{ second_date }})::timestamp)
    then case when {{ first_date }} <= {{ second_date }} then 0 else -1 end
  else case when {{ first_date }} <= {{ second_date }} then 1 else 0 end
end)
  {%- elif datepart == 'hour' -%}({{ datediff(first_date, second_date, 'day') }} * 24 + {{ difference }})
  {%- elif datepart == 'minute' -%}({{ datediff(first_date, second_date, 'hour') }} * 60 + {{ difference }})
  {%- elif datepart in ['second', 'millisecond', 'microsecond'] -%}
  {%- set factor = {'second': 60, 'millisecond': 60000, 'microsecond': 60000000}[datepart] -%}
({{ datediff(first_date, second_date, 'minute') }} * {{ factor }} + floor(date_part('{{ datepart }}', ({{ second_date }})::timestamp)) - floor(date_part('{{ datepart }}', ({{ first_date }})::timestamp)))
  {%- else -%}{{ exceptions.raise_compiler_error("Unsupported datepart for macro datediff in postgres: '" ~ datepart ~ "'") }}
  {%- endif -%}
{%- endmacro %}
{% macro postgres__last_day(date, datepart) -%}
  {%- if datepart == 'quarter' -%}
cast({{ dbt.dateadd('day', '-1', dbt.dateadd('month', '3', dbt.date_trunc(datepart, date))) }} as date)
  {%- else -%}{{ dbt.default_last_day(date, datepart) }}{%- endif -%}
{%- endmacro %}
{% macro postgres__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if limit_num -%}
array_to_string((array_agg({{ measure }} {{ order_by_clause or '' }}))[1:{{ limit_num }}], {{ delimiter_text }})
  {%- else -%}
string_agg({{ measure }}, {{ delimiter_text }} {{ order_by_clause or '' }})
  {%- endif -%}
{%- endmacro %}
{% macro postgres__split_part(string_text, delimiter_text, part_number) %}
  {%- if part_number >= 0 -%}{{ dbt.default__split_part(string_text, delimiter_text, part_number) }}
  {%- else -%}{{ dbt._split_part_negative(string_text, delimiter_text, part_number) }}{%- endif -%}
{% endmacro %}

{# The columns of what the warehouse has, for catalog.json. #}
{% macro postgres__get_catalog_relations(information_schema, relations) -%}
  {% set database = information_schema.database %}
  {{ adapter.verify_database(database) }}
  {% set places = ['false'] %}
  {% for relation in relations %}
    {% set name = " and upper(pg_class.relname) = upper('" ~ relation.identifier ~ "')" if relation.identifier else '' %}
    {% do places.append("(upper(pg_namespace.nspname) = upper('" ~ relation.schema ~ "')" ~ name ~ ')') %}
  {% endfor %}
  {% set sql %}
    select '{{ database }}' as table_database, pg_namespace.nspname as table_schema, pg_class.relname as table_name,
      case pg_class.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' else 'BASE TABLE' end as table_type,
      obj_description(pg_class.oid, 'pg_class') as table_comment,
      pg_attribute.attname as column_name, pg_attribute.attnum as column_index,
      format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as column_type,
      col_description(pg_class.oid, pg_attribute.attnum) as column_comment,
      pg_get_userbyid(pg_class.relowner) as table_owner
    from pg_namespace
    join pg_class on pg_class.relnamespace = pg_namespace.oid
    join pg_attribute on pg_attribute.attrelid = pg_class.oid
    where ({{ places | join(' or ') }})
      and not pg_is_other_temp_schema(pg_namespace.oid) and pg_class.relpersistence in ('p', 'u')
      and pg_class.relkind in ('r', 'v', 'f', 'p', 'm') and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    order by pg_namespace.nspname, pg_class.relname, pg_attribute.attnum
  {% endset %}
  {{ return(run_query(sql)) }}
{%- endmacro %}
{% macro postgres__get_catalog(information_schema, schemas) -%}
  {%- set relations = [] -%}
  {%- for schema in schemas -%}{%- do relations.append({'schema': schema}) -%}{%- endfor -%}
  {{ return(postgres__get_catalog_relations(information_schema, relations)) }}
{%- endmacro %}
