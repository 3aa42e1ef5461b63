{# DuckDB: where it differs from the general way. #}
{% macro duckdb__create_schema(relation) -%}
  {%- call statement('create_schema') -%}create schema if not exists {{ relation.without_identifier() }}{%- endcall -%}
{% endmacro %}
{% macro duckdb__drop_schema(relation) -%}
  {%- call statement('drop_schema') -%}drop schema if exists {{ relation.without_identifier() }} cascade{%- endcall -%}
{% endmacro %}
{% macro duckdb__list_schemas(database) -%}
  {% set sql %}select schema_name from system.information_schema.schemata {% if database is not none %}where lower(catalog_name) = '{{ database | lower | replace('"', '') }}'{% endif %}{% endset %}
  {{ return(run_query(sql)) }}
{%- endmacro %}
{% macro duckdb__check_schema_exists(information_schema, schema) -%}
  {{ return(run_query("select count(*) from system.information_schema.schemata where lower(schema_name) = '" ~ (schema | lower) ~ "' and lower(catalog_name) = '" ~ (information_schema.database | lower) ~ "'")) }}
{%- endmacro %}
{% macro duckdb__list_relations_without_caching(schema_relation) %}
  {% set sql %}
    select '{{ schema_relation.database }}' as database, table_name as name, table_schema as schema,
      case table_type when 'VIEW' then 'view' else 'table' end as type
    from system.information_schema.tables
    where lower(table_schema) = '{{ schema_relation.schema | lower }}' and lower(table_catalog) = '{{ schema_relation.database | lower }}'
  {% endset %}
  {{ return(run_query(sql)) }}
{% endmacro %}
{% macro duckdb__get_columns_in_relation(relation) -%}
  {% set sql %}
    select column_name, column_type as data_type, null as character_maximum_length, null as numeric_precision, null as numeric_scale
    from (describe {{ relation.render() }})
  {% endset %}
  {{ return(sql_convert_columns_in_relation(run_query(sql))) }}
{% endmacro %}
{% macro duckdb__drop_relation(relation) -%}
  {% call statement('drop_relation', auto_begin=false) -%}drop {{ relation.type }} if exists {{ relation }} cascade{%- endcall %}
{%- endmacro %}
{% macro duckdb__rename_relation(from_relation, to_relation) -%}
  {% call statement('rename_relation') -%}
    alter {{ to_relation.type }} {{ from_relation }} rename to {{ adapter.quote_as_configured(to_relation.identifier, 'identifier') }}
  {%- endcall %}
{%- endmacro %}
{# Temporary tables are the connection's own: any name will do that nobody else has. #}
{% macro duckdb__make_temp_relation(base_relation, suffix) %}
  {% do return(base_relation.incorporate(path={'identifier': base_relation.identifier ~ suffix ~ py_current_timestring(), 'schema': none, 'database': none})) %}
{% endmacro %}
{# Hooks outside of a transaction need no commit before: DuckDB has none open. #}
{% macro run_hooks(hooks, inside_transaction=true) %}
  {% for hook in hooks | selectattr('transaction', 'equalto', inside_transaction) %}
    {% set rendered = render(hook.get('sql')) | trim %}
    {% if rendered %}{% call statement(auto_begin=inside_transaction) %}{{ rendered }}{% endcall %}{% endif %}
  {% endfor %}
{% endmacro %}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
  {% set enforced = config.get('contract').enforced %}
  {% if enforced %}{{ get_assert_columns_equivalent(compiled_code) }}{% endif %}
  {{ config.get('sql_header', none) or '' }}
  create {{ 'temporary ' if temporary }}table {{ relation.include(database=(not temporary), schema=(not temporary)) }}
  {%- if enforced and not temporary %}
  {{ get_table_columns_and_constraints() }};
  insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }});
  {%- else %} as (
    {{ compiled_code }}
  );
  {%- endif %}
{%- endmacro %}
{% macro duckdb__create_view_as(relation, sql) -%}
  {% if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
  {{ config.get('sql_header', none) or '' }}
  create view {{ relation }} as (
    {{ sql }}
  );
{%- endmacro %}
{% macro duckdb__get_empty_subquery_sql(select_sql, select_sql_header=none) %}
  {%- if select_sql_header is not none -%}{%- do run_query(select_sql_header) -%}{%- endif -%}
select * from (
  {{ select_sql }}
) as __dbt_sbq
where false
limit 0
{% endmacro %}
{% macro duckdb__current_timestamp() -%}now(){%- endmacro %}
{% macro duckdb__snapshot_string_as_time(timestamp) -%}{{ return("'" ~ timestamp ~ "'::timestamp") }}{%- endmacro %}
{% macro duckdb__snapshot_get_time() -%}{{ current_timestamp() }}::timestamp{%- endmacro %}
{% macro duckdb__get_incremental_default_sql(arg_dict) %}{% do return(get_incremental_delete_insert_sql(arg_dict)) %}{% endmacro %}
{% macro duckdb__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {%- set predicates = incremental_predicates or [] -%}
  {%- if unique_key is string and unique_key %}
    delete from {{ target }}
    where ({{ unique_key }}) in (select ({{ unique_key }}) from {{ source }})
    {%- for predicate in predicates %} and {{ predicate }}{% endfor %};
  {%- elif unique_key %}
    delete from {{ target }} as DBT_INCREMENTAL_TARGET
    using {{ source }}
    where ({% for key in unique_key %}{{ source }}.{{ key }} = DBT_INCREMENTAL_TARGET.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- for predicate in predicates %} and {{ predicate }}{% endfor %});
  {%- endif %}
    insert into {{ target }} ({{ columns }}) (select {{ columns }} from {{ source }})
{%- endmacro %}
{% macro duckdb__get_incremental_microbatch_sql(arg_dict) -%}
  {%- set event_time, batch = config.get('event_time'), model.get('batch') -%}
  {%- if config.get('unique_key') -%}
    {{ exceptions.raise_compiler_error("microbatch incremental strategy does not support 'unique_key': a batch replaces what is in its time. Remove it, or use incremental_strategy='merge'.") }}
  {%- endif -%}
  {%- set within = event_time ~ " >= '" ~ batch.event_time_start ~ "' and " ~ event_time ~ " < '" ~ batch.event_time_end ~ "'" -%}
  {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
  {%- set sql %}
    delete from {{ arg_dict['target_relation'] }}
    where {{ within }}{% for predicate in normalize_string_or_list(arg_dict.get('incremental_predicates'), 'incremental_predicates') %} and ({{ predicate }}){% endfor %};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }} where {{ within }};
  {% endset -%}
  {{ return(sql) }}
{%- endmacro %}
{% macro normalize_string_or_list(raw, field_name) -%}
  {%- if raw is none -%}{{ return([]) }}
  {%- elif raw is string -%}{{ return([raw]) }}
  {%- elif raw is sequence and raw is not mapping -%}{{ return(raw | list) }}
  {%- endif -%}
  {{ exceptions.raise_compiler_error(field_name ~ ' must be a list of strings or a string') }}
{%- endmacro %}
{% macro duckdb__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set names, current = snapshot_columns(), config.get('dbt_valid_to_current') %}
  update {{ target }} as DBT_INTERNAL_TARGET
  set {{ names.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ names.dbt_valid_to }}
  from {{ source }} as DBT_INTERNAL_SOURCE
  where DBT_INTERNAL_SOURCE.{{ names.dbt_scd_id }}::text = DBT_INTERNAL_TARGET.{{ names.dbt_scd_id }}::text
    and DBT_INTERNAL_SOURCE.dbt_change_type::text in ('update', 'delete')
    and ({{ 'DBT_INTERNAL_TARGET.' ~ names.dbt_valid_to ~ ' = ' ~ current ~ ' or ' if current }}DBT_INTERNAL_TARGET.{{ names.dbt_valid_to }} is null);
  insert into {{ target }} ({{ insert_cols | join(', ') }})
  select {% for column in insert_cols %}DBT_INTERNAL_SOURCE.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
  from {{ source }} as DBT_INTERNAL_SOURCE
  where DBT_INTERNAL_SOURCE.dbt_change_type::text = 'insert';
{% endmacro %}
{% macro duckdb__post_snapshot(staging_relation) %}{% do return(drop_relation(staging_relation)) %}{% endmacro %}
{% macro duckdb__get_binding_char() %}{{ return('?') }}{% endmacro %}
{% macro duckdb__load_csv_rows(model, agate_table) %}
  {% if not config.get('fast', true) %}{{ return(default__load_csv_rows(model, agate_table)) }}{% endif %}
  {% set sql = "copy " ~ this.render() ~ " from '" ~ adapter.escape_sql_string(adapter.get_seed_file_path(model)) ~ "' (format csv, header true, delimiter '" ~ config.get('delimiter', ',') ~ "')" %}
  {% do adapter.add_query(sql) %}
  {{ return(sql) }}
{% endmacro %}
{% macro duckdb_escape_comment(comment) -%}
  {% set mark = '$dbt_comment_literal_block$' %}
  {%- if mark in comment -%}{% do exceptions.raise_compiler_error('The string ' ~ mark ~ ' is not allowed in comments.') %}{%- endif -%}
  {{ mark }}{{ comment }}{{ mark }}
{%- endmacro %}
{% macro duckdb__alter_relation_comment(relation, comment) %}comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(comment) }};{% endmacro %}
{% macro duckdb__alter_column_comment(relation, column_dict) %}
  {% set known = adapter.get_columns_in_relation(relation) | map(attribute='name') | list %}
  {% for name in validate_doc_columns(relation, column_dict, known) %}
comment on column {{ relation }}.{{ adapter.quote(name) if column_dict[name]['quote'] else name }} is {{ duckdb_escape_comment(column_dict[name]['description']) }};
  {% endfor %}
{% endmacro %}
{% macro duckdb__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
  {% for column in add_columns or [] %}{% do run_query('alter ' ~ relation.type ~ ' ' ~ relation ~ ' add column ' ~ adapter.quote(column.name) ~ ' ' ~ column.data_type) %}{% endfor %}
  {% for column in remove_columns or [] %}{% do run_query('alter ' ~ relation.type ~ ' ' ~ relation ~ ' drop column ' ~ adapter.quote(column.name)) %}{% endfor %}
{% endmacro %}
{% macro duckdb__alter_column_type(relation, column_name, new_column_type) -%}
  {% do run_query('alter table ' ~ relation ~ ' alter column ' ~ adapter.quote(column_name) ~ ' type ' ~ new_column_type) %}
{%- endmacro %}
{% macro duckdb__apply_grants(relation, grant_config, should_revoke=true) %}
  {% if grant_config %}{{ adapter.warn_once('Grants for relations are not supported by DuckDB') }}{% endif %}
{% endmacro %}
{% macro duckdb__get_create_index_sql(relation, index_dict) -%}
  {%- set name = local_md5((index_dict['columns'] | join('_')) ~ '_' ~ relation.render() ~ '_' ~ index_dict.get('unique', false) ~ '_' ~ py_current_timestring()) -%}
create {{ 'unique ' if index_dict.get('unique') }}index "{{ name }}" on {{ relation }} ({{ index_dict['columns'] | join(', ') }});
{%- endmacro %}
{% macro drop_indexes_on_relation(relation) -%}
  {% call statement('get_indexes_on_relation', fetch_result=true, auto_begin=false) %}
    select index_name from duckdb_indexes()
    where database_name = '{{ relation.database }}' and schema_name = '{{ relation.schema }}' and table_name = '{{ relation.identifier }}'
  {% endcall %}
  {% for row in load_result('get_indexes_on_relation').table.rows %}
    {% call statement('drop_index_' ~ loop.index, auto_begin=false) %}drop index "{{ relation.database }}"."{{ relation.schema }}"."{{ row[0] }}"{% endcall %}
  {% endfor %}
{%- endmacro %}
{# A table that a foreign key names, or that has one, cannot be renamed: it is made again under its own name. #}
{% macro has_foreign_keys() -%}
  {% set types = model.get('constraints', []) | map(attribute='type') | list %}
  {% for column in model.get('columns', {}).values() %}{% do types.extend(column.get('constraints', []) | map(attribute='type') | list) %}{% endfor %}
  {{ return(config.get('contract').enforced and ('foreign_key' in types)) }}
{%- endmacro %}

{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set intermediate = make_intermediate_relation(target_relation) %}
  {% set backup = make_backup_relation(target_relation, 'table' if existing is none else existing.type) %}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% if has_foreign_keys() %}
    {% do adapter.ensure_transaction() %}
    {{ drop_relation_if_exists(existing) }}
    {% call statement('main') -%}{{ create_table_as(false, target_relation, compiled_code) }}{%- endcall %}
  {% else %}
    {% call statement('main') -%}{{ create_table_as(false, intermediate, compiled_code) }}{%- endcall %}
    {% if existing is not none %}
      {% if existing.is_table %}{% do drop_indexes_on_relation(existing) %}{% endif %}
      {{ adapter.rename_relation(existing, backup) }}
    {% endif %}
    {{ adapter.rename_relation(intermediate, target_relation) }}
  {% endif %}
  {% do create_indexes(target_relation) %}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=true)) %}
  {% do persist_docs(target_relation, model) %}
  {{ adapter.commit() }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set plan = incremental_plan(target_relation, create_table_as, finds_strategy_first=false) %}
  {% call statement('main') %}{{ plan.build_sql }}{% endcall %}
  {% if plan.is_refresh %}
    {% if plan.existing.is_table %}{% do drop_indexes_on_relation(plan.existing) %}{% endif %}
    {% do adapter.rename_relation(plan.existing, plan.backup) %}
    {% do adapter.rename_relation(plan.intermediate, target_relation) %}
  {% endif %}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(plan.existing, plan.is_refresh)) %}
  {% if plan.is_new or plan.is_refresh %}{% do create_indexes(target_relation) %}{% endif %}
  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {% do adapter.commit() %}
  {{ drop_relation_if_exists(load_cached_relation(plan.backup)) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
{% macro duckdb__scalar_function_sql(target_relation) %}
create or replace function {{ target_relation.render() }}({{ model.arguments | map(attribute='name') | join(', ') }}) as (
  {{ model.compiled_code }}
)
{% endmacro %}
{% macro get_column_names() -%}({{ adapter.dispatch('get_column_names', 'dbt')() }}){%- endmacro %}
