{# How Snowflake builds models: `create or replace` takes a table's place at once, so that nothing is renamed. #}
{% macro snowflake__create_table_as(temporary, relation, sql) -%}
  {%- set is_enforced = config.get('contract').enforced -%}
  {%- set keys = config.get('cluster_by', default=none) -%}
  {%- set keys = [keys] if keys is string else keys -%}
  {%- if is_enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
  {{ config.get('sql_header', none) or '' }}
create or replace {{ 'temporary ' if temporary else ('transient ' if config.get('transient', default=true)) }}table {{ relation.render() }}
  {%- if is_enforced and not temporary %} {{ get_table_columns_and_constraints() }}{% endif %}
  {{ 'copy grants' if config.get('copy_grants', default=false) and not temporary }}
as (
  {%- if is_enforced and not temporary %}{% set sql = get_select_subquery(sql) %}{% endif %}
  {%- if keys and not temporary %}
  select * from (
    {{ sql }}
  ) order by ({{ keys | join(', ') }})
  {%- else %}
  {{ sql }}
  {%- endif %}
);
  {%- if keys and not temporary %}
alter table {{ relation.render() }} cluster by ({{ keys | join(', ') }});
    {%- if config.get('automatic_clustering', default=false) %}
alter table {{ relation.render() }} resume recluster;
    {%- endif %}
  {%- endif %}
{%- endmacro %}
{% macro snowflake__create_view_as(relation, sql) -%}
  {{ config.get('sql_header', none) or '' }}
  {%- if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
create or replace {{ 'secure ' if config.get('secure', false) }}view {{ relation.render() }} {{ 'copy grants' if config.get('copy_grants', default=false) }} as (
  {{ sql }}
);
{%- endmacro %}
{% macro snowflake__get_replace_view_sql(relation, sql) %}{{ snowflake__create_view_as(relation, sql) }}{% endmacro %}
{% macro snowflake__get_replace_table_sql(relation, sql) %}{{ snowflake__create_table_as(false, relation, sql) }}{% endmacro %}
{% macro snowflake__can_clone_table() %}{{ return(true) }}{% endmacro %}
{% macro snowflake__create_or_replace_clone(this_relation, defer_relation) -%}
create or replace {{ 'transient ' if config.get('transient', default=true) }}table {{ this_relation.render() }} clone {{ defer_relation.render() }} {{ 'copy grants' if config.get('copy_grants', default=false) }}
{%- endmacro %}

{% materialization table, adapter='snowflake' %}
  {% set tag = set_query_tag() %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {{ run_hooks(pre_hooks) }}
  {% if existing is not none and not existing.is_table %}{{ drop_relation_if_exists(existing) }}{% endif %}
  {% call statement('main') -%}{{ create_table_as(false, target_relation, sql) }}{%- endcall %}
  {{ run_hooks(post_hooks) }}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=true)) %}
  {% do persist_docs(target_relation, model) %}
  {% do unset_query_tag(tag) %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='snowflake' %}
  {% set tag = set_query_tag() %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='view') %}
  {{ run_hooks(pre_hooks) }}
  {% if existing is not none and not existing.is_view %}{{ drop_relation_if_exists(existing) }}{% endif %}
  {% call statement('main') -%}{{ get_create_view_as_sql(target_relation, sql) }}{%- endcall %}
  {{ run_hooks(post_hooks) }}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=true)) %}
  {% do persist_docs(target_relation, model) %}
  {% do unset_query_tag(tag) %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization dynamic_table, adapter='snowflake' %}
  {% set tag = set_query_tag() %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set lag, place = config.get('target_lag'), config.get('snowflake_warehouse') %}
  {% if not lag or not place %}{{ exceptions.raise_compiler_error("A dynamic table needs 'target_lag' and 'snowflake_warehouse'") }}{% endif %}
  {{ run_hooks(pre_hooks) }}
  {% if existing is not none and existing.is_view %}{{ drop_relation_if_exists(existing) }}{% endif %}
  {% call statement('main') -%}
create or replace dynamic table {{ target_relation.render() }}
  target_lag = '{{ lag }}' warehouse = {{ place }}
  {{ 'refresh_mode = ' ~ config.get('refresh_mode') if config.get('refresh_mode') }} {{ 'initialize = ' ~ config.get('initialize') if config.get('initialize') }}
as (
  {{ sql }}
)
  {%- endcall %}
  {{ run_hooks(post_hooks) }}
  {% do unset_query_tag(tag) %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# Rows of a run go in by one transaction: readers see all of them or none. #}
{% macro snowflake_dml_explicit_transaction(dml) %}
begin;
{{ dml }};
commit;
{% endmacro %}
{% macro snowflake__get_incremental_default_sql(arg_dict) %}{{ return(get_incremental_merge_sql(arg_dict)) }}{% endmacro %}
{% macro snowflake__get_incremental_append_sql(arg_dict) %}
  {% do return(snowflake_dml_explicit_transaction(get_insert_into_sql(arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns']))) %}
{% endmacro %}
{% macro snowflake__get_incremental_insert_overwrite_sql(arg_dict) %}
  {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
  {{ return(snowflake_dml_explicit_transaction('insert overwrite into ' ~ arg_dict['target_relation'] ~ ' (' ~ columns ~ ') select ' ~ columns ~ ' from ' ~ arg_dict['temp_relation'])) }}
{% endmacro %}
{% macro snowflake__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- if unique_key is none -%}
    {%- set dml = get_insert_into_sql(target, source, dest_columns) -%}
  {%- else -%}
    {%- set dml = default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- endif -%}
  {{ return(snowflake_dml_explicit_transaction(dml)) }}
{%- endmacro %}
{% macro snowflake__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {{ return(snowflake_dml_explicit_transaction(default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates))) }}
{%- endmacro %}
{% macro snowflake__snapshot_merge_sql(target, source, insert_cols) -%}
  {{ return(snowflake_dml_explicit_transaction(default__snapshot_merge_sql(target, source, insert_cols))) }}
{%- endmacro %}
{% macro snowflake__get_incremental_microbatch_sql(arg_dict) %}
  {% set predicates = (arg_dict['incremental_predicates'] or []) | list %}
  {% set event_time = 'DBT_INTERNAL_TARGET.' ~ model.config.event_time %}
  {% if model.batch and model.batch.event_time_start %}{% do predicates.append(event_time ~ " >= to_timestamp_tz('" ~ model.batch.event_time_start ~ "')") %}{% endif %}
  {% if model.batch and model.batch.event_time_end %}{% do predicates.append(event_time ~ " < to_timestamp_tz('" ~ model.batch.event_time_end ~ "')") %}{% endif %}
  {% set dml %}
delete from {{ arg_dict['target_relation'] }} as DBT_INTERNAL_TARGET where ({{ predicates | join(') and (') }});
{{ get_insert_into_sql(arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns']) }}
  {%- endset %}
  {{ return(snowflake_dml_explicit_transaction(dml)) }}
{% endmacro %}
{% materialization incremental, adapter='snowflake' %}
  {% set tag = set_query_tag() %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set on_schema_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') %}
  {% set is_new = existing is none or existing.is_view or should_full_refresh() %}
  {{ run_hooks(pre_hooks) }}
  {% if is_new %}
    {% if existing is not none and existing.is_view %}{{ drop_relation_if_exists(existing) }}{% endif %}
    {% call statement('main') -%}{{ create_table_as(false, target_relation, sql) }}{%- endcall %}
  {% else %}
    {% set temporary = make_temp_relation(this).incorporate(type='table') %}
    {% do run_query(create_table_as(true, temporary, sql)) %}
    {% do adapter.expand_target_column_types(from_relation=temporary, to_relation=target_relation) %}
    {% set dest_columns = process_schema_changes(on_schema_change, temporary, existing) or adapter.get_columns_in_relation(existing) %}
    {% set strategy = adapter.get_incremental_strategy_macro(context, config.get('incremental_strategy') or 'default') %}
    {% call statement('main') -%}
      {{ strategy({'target_relation': target_relation, 'temp_relation': temporary, 'unique_key': config.get('unique_key'), 'dest_columns': dest_columns,
        'incremental_predicates': config.get('predicates', none) or config.get('incremental_predicates', none)}) }}
    {%- endcall %}
    {% do drop_relation_if_exists(temporary) %}
  {% endif %}
  {{ run_hooks(post_hooks) }}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=is_new)) %}
  {% do persist_docs(target_relation, model) %}
  {% do unset_query_tag(tag) %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
