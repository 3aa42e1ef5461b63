{# How models are built. The new relation is made aside and takes the old one's name: readers see the one or the other. #}
{% materialization view, default %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='view') %}
  {% set intermediate = make_intermediate_relation(target_relation) %}
  {% set backup = make_backup_relation(target_relation, 'view' if existing is none else existing.type) %}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% call statement('main') -%}{{ get_create_view_as_sql(intermediate, sql) }}{%- endcall %}
  {% if existing is not none %}
    {% set existing = load_cached_relation(existing) %}
    {% if existing is not none %}{{ adapter.rename_relation(existing, backup) }}{% endif %}
  {% endif %}
  {{ adapter.rename_relation(intermediate, target_relation) }}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=true)) %}
  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {{ adapter.commit() }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization table, default %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set intermediate = make_intermediate_relation(target_relation) %}
  {% set backup = make_backup_relation(target_relation, 'table' if existing is none else existing.type) %}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% call statement('main') -%}{{ get_create_table_as_sql(false, intermediate, sql) }}{%- endcall %}
  {% do create_indexes(intermediate) %}
  {% if existing is not none %}
    {% set existing = load_cached_relation(existing) %}
    {% if existing is not none %}{{ adapter.rename_relation(existing, backup) }}{% endif %}
  {% endif %}
  {{ adapter.rename_relation(intermediate, target_relation) }}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=true)) %}
  {% do persist_docs(target_relation, model) %}
  {{ adapter.commit() }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization materialized_view, default %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type=this.MaterializedView) %}
  {% set intermediate = make_intermediate_relation(target_relation) %}
  {% set backup = make_backup_relation(target_relation, target_relation.MaterializedView if existing is none else existing.type) %}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {% set build_sql = materialized_view_get_build_sql(existing, target_relation, backup, intermediate) %}
  {% if build_sql == '' %}
    {% do store_raw_result(name='main', message='skip ' ~ target_relation, code='skip', rows_affected='-1') %}
  {% else %}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {% call statement('main') %}{{ build_sql }}{% endcall %}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=true)) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
  {% endif %}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
{% macro materialized_view_get_build_sql(existing_relation, target_relation, backup_relation, intermediate_relation) %}
  {% if existing_relation is none %}
    {% do return(get_create_materialized_view_as_sql(target_relation, sql)) %}
  {% elif should_full_refresh() or not existing_relation.is_materialized_view %}
    {% do return(get_replace_sql(existing_relation, target_relation, sql)) %}
  {% endif %}
  {% set wanted = config.get('on_configuration_change') %}
  {% set changes = get_materialized_view_configuration_changes(existing_relation, config) %}
  {% if changes is none %}
    {% do return(refresh_materialized_view(target_relation)) %}
  {% elif wanted == 'apply' %}
    {% do return(get_alter_materialized_view_as_sql(target_relation, changes, sql, existing_relation, backup_relation, intermediate_relation)) %}
  {% elif wanted == 'continue' %}
    {{ exceptions.warn("Configuration changes were identified and `on_configuration_change` was set to `continue` for `" ~ target_relation.render() ~ "`") }}
    {% do return('') %}
  {% elif wanted == 'fail' %}
    {{ exceptions.raise_fail_fast_error("Configuration changes were identified and `on_configuration_change` was set to `fail` for `" ~ target_relation.render() ~ "`") }}
  {% else %}
    {{ exceptions.raise_compiler_error('on_configuration_change must be apply, continue or fail, found ' ~ wanted) }}
  {% endif %}
{% endmacro %}

{% materialization clone, default %}
  {% set existing = load_cached_relation(this) %}
  {% set other = load_cached_relation(defer_relation) %}
  {% set stays = existing and not flags.FULL_REFRESH %}
  {% if stays %}{{ log('Relation ' ~ existing ~ ' already exists', info=true) }}{{ return({'relations': [existing]}) }}{% endif %}
  {% if other and other.type == 'table' and can_clone_table() %}
    {% set target_relation = this.incorporate(type='table') %}
    {% if existing is not none and not existing.is_table %}{{ drop_relation_if_exists(existing) }}{% endif %}
    {% call statement('main') %}{{ create_or_replace_clone(target_relation, defer_relation) }}{% endcall %}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=true)) %}
    {% do persist_docs(target_relation, model) %}
  {% else %}
    {% set target_relation = this.incorporate(type='view') %}
    {{ drop_relation_if_exists(existing) }}
    {% call statement('main') %}{{ get_create_view_as_sql(target_relation, 'select * from ' ~ defer_relation) }}{% endcall %}
    {{ adapter.commit() }}
  {% endif %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
{% macro can_clone_table() %}{{ return(adapter.dispatch('can_clone_table', 'dbt')()) }}{% endmacro %}
{% macro default__can_clone_table() %}{{ return(false) }}{% endmacro %}
{% macro create_or_replace_clone(this_relation, defer_relation) %}{{ return(adapter.dispatch('create_or_replace_clone', 'dbt')(this_relation, defer_relation)) }}{% endmacro %}
{% macro default__create_or_replace_clone(this_relation, defer_relation) %}create or replace table {{ this_relation.render() }} clone {{ defer_relation.render() }}{% endmacro %}

{% materialization function, default, supported_languages=['sql'] %}
  {% set target_relation = this.incorporate(type=this.Function) %}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% call statement('main') %}{{ adapter.dispatch('scalar_function_sql', 'dbt')(target_relation) }}{% endcall %}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
{% macro formatted_scalar_function_args_sql() %}
  {%- set parts = [] -%}
  {%- for argument in model.arguments -%}{%- do parts.append(argument.name ~ ' ' ~ argument.data_type) -%}{%- endfor -%}
  {{ parts | join(', ') }}
{% endmacro %}
{% macro default__scalar_function_sql(target_relation) %}
create or replace function {{ target_relation.render() }} ({{ formatted_scalar_function_args_sql() }})
returns {{ model.returns.data_type }}
as $$
  {{ model.compiled_code }}
$$ language sql
{% endmacro %}
