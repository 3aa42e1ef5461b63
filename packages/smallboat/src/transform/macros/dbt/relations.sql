{# Making, replacing, renaming and dropping relations. #}
{% macro make_intermediate_relation(base_relation, suffix='__dbt_tmp') %}
  {{ return(adapter.dispatch('make_intermediate_relation', 'dbt')(base_relation, suffix)) }}
{% endmacro %}
{% macro default__make_intermediate_relation(base_relation, suffix) %}
  {{ return(default__make_temp_relation(base_relation, suffix)) }}
{% endmacro %}
{% macro make_temp_relation(base_relation, suffix='__dbt_tmp') %}
  {{ return(adapter.dispatch('make_temp_relation', 'dbt')(base_relation, suffix)) }}
{% endmacro %}
{% macro default__make_temp_relation(base_relation, suffix) %}
  {{ return(base_relation.incorporate(path={'identifier': base_relation.identifier ~ suffix})) }}
{% endmacro %}
{% macro make_backup_relation(base_relation, backup_relation_type, suffix='__dbt_backup') %}
  {{ return(adapter.dispatch('make_backup_relation', 'dbt')(base_relation, backup_relation_type, suffix)) }}
{% endmacro %}
{% macro default__make_backup_relation(base_relation, backup_relation_type, suffix) %}
  {{ return(base_relation.incorporate(path={'identifier': base_relation.identifier ~ suffix}, type=backup_relation_type)) }}
{% endmacro %}
{% macro load_cached_relation(relation) %}
  {% do return(adapter.get_relation(database=relation.database, schema=relation.schema, identifier=relation.identifier)) %}
{% endmacro %}
{% macro load_relation(relation) %}{{ return(load_cached_relation(relation)) }}{% endmacro %}
{% macro get_or_create_relation(database, schema, identifier, type) -%}
  {{ return(adapter.dispatch('get_or_create_relation', 'dbt')(database, schema, identifier, type)) }}
{%- endmacro %}
{% macro default__get_or_create_relation(database, schema, identifier, type) %}
  {% set found = adapter.get_relation(database=database, schema=schema, identifier=identifier) %}
  {% if found %}{% do return([true, found]) %}{% endif %}
  {% do return([false, api.Relation.create(database=database, schema=schema, identifier=identifier, type=type)]) %}
{% endmacro %}
{% macro drop_relation_if_exists(relation) %}
  {% if relation is not none %}{{ adapter.drop_relation(relation) }}{% endif %}
{% endmacro %}
{% macro drop_relation(relation) -%}{{ return(adapter.dispatch('drop_relation', 'dbt')(relation)) }}{%- endmacro %}
{% macro default__drop_relation(relation) -%}
  {% call statement('drop_relation', auto_begin=false) -%}{{ get_drop_sql(relation) }}{%- endcall %}
{%- endmacro %}
{% macro get_drop_sql(relation) -%}{{ adapter.dispatch('get_drop_sql', 'dbt')(relation) }}{%- endmacro %}
{% macro default__get_drop_sql(relation) -%}
  {%- if relation.is_view -%}{{ drop_view(relation) }}
  {%- elif relation.is_table -%}{{ drop_table(relation) }}
  {%- elif relation.is_materialized_view -%}{{ drop_materialized_view(relation) }}
  {%- else -%}drop {{ relation.type }} if exists {{ relation.render() }} cascade
  {%- endif -%}
{%- endmacro %}
{% macro drop_view(relation) -%}{{ return(adapter.dispatch('drop_view', 'dbt')(relation)) }}{%- endmacro %}
{% macro default__drop_view(relation) -%}drop view if exists {{ relation.render() }} cascade{%- endmacro %}
{% macro drop_table(relation) -%}{{ return(adapter.dispatch('drop_table', 'dbt')(relation)) }}{%- endmacro %}
{% macro default__drop_table(relation) -%}drop table if exists {{ relation.render() }} cascade{%- endmacro %}
{% macro drop_materialized_view(relation) -%}{{ return(adapter.dispatch('drop_materialized_view', 'dbt')(relation)) }}{%- endmacro %}
{% macro default__drop_materialized_view(relation) -%}drop materialized view if exists {{ relation.render() }} cascade{%- endmacro %}
{% macro get_drop_backup_sql(relation) -%}{{ adapter.dispatch('get_drop_backup_sql', 'dbt')(relation) }}{%- endmacro %}
{% macro default__get_drop_backup_sql(relation) -%}{{ get_drop_sql(make_backup_relation(relation, relation.type)) }}{%- endmacro %}
{% macro rename_relation(from_relation, to_relation) -%}{{ return(adapter.dispatch('rename_relation', 'dbt')(from_relation, to_relation)) }}{%- endmacro %}
{% macro default__rename_relation(from_relation, to_relation) -%}
  {% call statement('rename_relation') -%}
    alter table {{ from_relation.render() }} rename to {{ adapter.quote_as_configured(to_relation.identifier, 'identifier') }}
  {%- endcall %}
{%- endmacro %}
{% macro get_rename_sql(relation, new_name) -%}{{ adapter.dispatch('get_rename_sql', 'dbt')(relation, new_name) }}{%- endmacro %}
{% macro default__get_rename_sql(relation, new_name) -%}
  {%- if relation.is_view -%}{{ get_rename_view_sql(relation, new_name) }}
  {%- elif relation.is_table -%}{{ get_rename_table_sql(relation, new_name) }}
  {%- elif relation.is_materialized_view -%}{{ get_rename_materialized_view_sql(relation, new_name) }}
  {%- else -%}{{ exceptions.raise_compiler_error('get_rename_sql has not been implemented for: ' ~ relation.type) }}
  {%- endif -%}
{%- endmacro %}
{% macro get_rename_view_sql(relation, new_name) %}{{ return(adapter.dispatch('get_rename_view_sql', 'dbt')(relation, new_name)) }}{% endmacro %}
{% macro default__get_rename_view_sql(relation, new_name) %}alter view {{ relation.render() }} rename to {{ new_name }}{% endmacro %}
{% macro get_rename_table_sql(relation, new_name) %}{{ return(adapter.dispatch('get_rename_table_sql', 'dbt')(relation, new_name)) }}{% endmacro %}
{% macro default__get_rename_table_sql(relation, new_name) %}alter table {{ relation.render() }} rename to {{ new_name }}{% endmacro %}
{% macro get_rename_materialized_view_sql(relation, new_name) %}{{ return(adapter.dispatch('get_rename_materialized_view_sql', 'dbt')(relation, new_name)) }}{% endmacro %}
{% macro default__get_rename_materialized_view_sql(relation, new_name) %}alter materialized view {{ relation.render() }} rename to {{ new_name }}{% endmacro %}
{% macro get_rename_intermediate_sql(relation) -%}{{ adapter.dispatch('get_rename_intermediate_sql', 'dbt')(relation) }}{%- endmacro %}
{% macro default__get_rename_intermediate_sql(relation) -%}
  {{ get_rename_sql(make_intermediate_relation(relation), relation.identifier) }}
{%- endmacro %}
{% macro get_create_backup_sql(relation) -%}{{ adapter.dispatch('get_create_backup_sql', 'dbt')(relation) }}{%- endmacro %}
{% macro default__get_create_backup_sql(relation) -%}
  {%- set backup = make_backup_relation(relation, relation.type) -%}
  {{ get_drop_sql(backup) }};
  {{ get_rename_sql(relation, backup.identifier) }}
{%- endmacro %}
{% macro get_create_intermediate_sql(relation, sql) -%}{{ adapter.dispatch('get_create_intermediate_sql', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__get_create_intermediate_sql(relation, sql) -%}
  {%- set intermediate = make_intermediate_relation(relation) -%}
  {{ get_drop_sql(intermediate) }};
  {{ get_create_sql(intermediate, sql) }}
{%- endmacro %}
{% macro get_create_sql(relation, sql) -%}{{ adapter.dispatch('get_create_sql', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__get_create_sql(relation, sql) -%}
  {%- if relation.is_view -%}{{ get_create_view_as_sql(relation, sql) }}
  {%- elif relation.is_table -%}{{ get_create_table_as_sql(false, relation, sql) }}
  {%- elif relation.is_materialized_view -%}{{ get_create_materialized_view_as_sql(relation, sql) }}
  {%- else -%}{{ exceptions.raise_compiler_error('get_create_sql has not been implemented for: ' ~ relation.type) }}
  {%- endif -%}
{%- endmacro %}
{% macro get_replace_sql(existing_relation, target_relation, sql) %}{{ return(adapter.dispatch('get_replace_sql', 'dbt')(existing_relation, target_relation, sql)) }}{% endmacro %}
{% macro default__get_replace_sql(existing_relation, target_relation, sql) %}
  {%- if target_relation.is_view and existing_relation.is_view and existing_relation.can_be_replaced -%}
    {{ get_replace_view_sql(target_relation, sql) }}
  {%- elif target_relation.is_table and existing_relation.is_table and existing_relation.can_be_replaced -%}
    {{ get_replace_table_sql(target_relation, sql) }}
  {%- elif target_relation.can_be_renamed and existing_relation.can_be_renamed -%}
    {{ get_create_intermediate_sql(target_relation, sql) }};
    {{ get_create_backup_sql(existing_relation) }};
    {{ get_rename_intermediate_sql(target_relation) }};
    {{ get_drop_backup_sql(existing_relation) }}
  {%- elif target_relation.can_be_renamed -%}
    {{ get_create_intermediate_sql(target_relation, sql) }};
    {{ get_drop_sql(existing_relation) }};
    {{ get_rename_intermediate_sql(target_relation) }}
  {%- elif existing_relation.can_be_renamed -%}
    {{ get_create_backup_sql(existing_relation) }};
    {{ get_create_sql(target_relation, sql) }};
    {{ get_drop_backup_sql(existing_relation) }}
  {%- else -%}
    {{ get_drop_sql(existing_relation) }};
    {{ get_create_sql(target_relation, sql) }}
  {%- endif -%}
{% endmacro %}
{% macro get_create_table_as_sql(temporary, relation, sql) -%}{{ adapter.dispatch('get_create_table_as_sql', 'dbt')(temporary, relation, sql) }}{%- endmacro %}
{% macro default__get_create_table_as_sql(temporary, relation, sql) -%}{{ return(create_table_as(temporary, relation, sql)) }}{% endmacro %}
{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}
  {{ return(adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code)) }}
{%- endmacro %}
{% macro default__create_table_as(temporary, relation, sql) -%}
  {{ config.get('sql_header', none) or '' }}
  create {% if temporary %}temporary {% endif %}table {{ relation.include(database=(not temporary), schema=(not temporary)) }}
  {% if config.get('contract').enforced and not temporary -%}
    {{ get_assert_columns_equivalent(sql) }}
    {{ get_table_columns_and_constraints() }};
    insert into {{ relation }} ({{ adapter.dispatch('get_column_names', 'dbt')() }}) ({{ get_select_subquery(sql) }})
  {%- else -%}
    as ({{ sql }})
  {%- endif %};
{%- endmacro %}
{% macro default__get_column_names() -%}
  {%- for column in model['columns'].values() -%}{{ adapter.quote(column['name']) if column.get('quote') else column['name'] }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}
{% macro get_select_subquery(sql) %}{{ return(adapter.dispatch('get_select_subquery', 'dbt')(sql)) }}{% endmacro %}
{% macro default__get_select_subquery(sql) %}
select {% for name, column in model.columns.items() %}{{ adapter.quote(name) if column.get('quote') else name }}{{ ', ' if not loop.last }}{% endfor %}
from (
  {{ sql }}
) as model_subq
{% endmacro %}
{% macro get_replace_table_sql(relation, sql) %}{{ return(adapter.dispatch('get_replace_table_sql', 'dbt')(relation, sql)) }}{% endmacro %}
{% macro default__get_replace_table_sql(relation, sql) %}{{ exceptions.raise_compiler_error("`get_replace_table_sql` has not been implemented for this adapter.") }}{% endmacro %}
{% macro get_create_view_as_sql(relation, sql) -%}{{ adapter.dispatch('get_create_view_as_sql', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__get_create_view_as_sql(relation, sql) -%}{{ return(create_view_as(relation, sql)) }}{% endmacro %}
{% macro create_view_as(relation, sql) -%}{{ adapter.dispatch('create_view_as', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__create_view_as(relation, sql) -%}
  {{ config.get('sql_header', none) or '' }}
  create view {{ relation.render() }}
  {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif %} as (
    {{ sql }}
  );
{%- endmacro %}
{% macro get_replace_view_sql(relation, sql) %}{{ return(adapter.dispatch('get_replace_view_sql', 'dbt')(relation, sql)) }}{% endmacro %}
{% macro default__get_replace_view_sql(relation, sql) %}{{ exceptions.raise_compiler_error("`get_replace_view_sql` has not been implemented for this adapter.") }}{% endmacro %}
{% macro handle_existing_table(full_refresh, old_relation) %}{{ adapter.dispatch('handle_existing_table', 'dbt')(full_refresh, old_relation) }}{% endmacro %}
{% macro default__handle_existing_table(full_refresh, old_relation) %}{{ adapter.drop_relation(old_relation) }}{% endmacro %}
{% macro get_create_materialized_view_as_sql(relation, sql) -%}{{ adapter.dispatch('get_create_materialized_view_as_sql', 'dbt')(relation, sql) }}{%- endmacro %}
{% macro default__get_create_materialized_view_as_sql(relation, sql) -%}{{ exceptions.raise_compiler_error(adapter.type() ~ ' has no materialized views') }}{%- endmacro %}
{% macro refresh_materialized_view(relation) %}{{ return(adapter.dispatch('refresh_materialized_view', 'dbt')(relation)) }}{% endmacro %}
{% macro default__refresh_materialized_view(relation) %}{{ exceptions.raise_compiler_error(adapter.type() ~ ' has no materialized views') }}{% endmacro %}
{% macro get_replace_materialized_view_sql(relation, sql) %}{{ return(adapter.dispatch('get_replace_materialized_view_sql', 'dbt')(relation, sql)) }}{% endmacro %}
{% macro default__get_replace_materialized_view_sql(relation, sql) %}{{ exceptions.raise_compiler_error("`get_replace_materialized_view_sql` has not been implemented for this adapter.") }}{% endmacro %}
{% macro get_materialized_view_configuration_changes(existing_relation, new_config) %}{{ return(adapter.dispatch('get_materialized_view_configuration_changes', 'dbt')(existing_relation, new_config)) }}{% endmacro %}
{% macro default__get_materialized_view_configuration_changes(existing_relation, new_config) %}{{ return(none) }}{% endmacro %}
{% macro get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) %}
  {{ return(adapter.dispatch('get_alter_materialized_view_as_sql', 'dbt')(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation)) }}
{% endmacro %}
{% macro default__get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) %}
  {{ get_replace_sql(existing_relation, relation, sql) }}
{% endmacro %}
