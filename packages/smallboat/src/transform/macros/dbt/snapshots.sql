{# Snapshots: each state of a row with the time from and to which it held. #}
{% macro get_snapshot_table_column_names() %}
  {{ return({'dbt_valid_to': 'dbt_valid_to', 'dbt_valid_from': 'dbt_valid_from', 'dbt_scd_id': 'dbt_scd_id', 'dbt_updated_at': 'dbt_updated_at', 'dbt_is_deleted': 'dbt_is_deleted'}) }}
{% endmacro %}
{% macro snapshot_columns() %}{{ return(config.get('snapshot_table_column_names') or get_snapshot_table_column_names()) }}{% endmacro %}
{% macro create_columns(relation, columns) %}{{ adapter.dispatch('create_columns', 'dbt')(relation, columns) }}{% endmacro %}
{% macro default__create_columns(relation, columns) %}
  {% for column in columns %}
    {% call statement() %}alter table {{ relation.render() }} add column {{ adapter.quote(column.name) }} {{ column.expanded_data_type }};{% endcall %}
  {% endfor %}
{% endmacro %}
{% macro post_snapshot(staging_relation) %}{{ adapter.dispatch('post_snapshot', 'dbt')(staging_relation) }}{% endmacro %}
{% macro default__post_snapshot(staging_relation) %}{% endmacro %}
{% macro get_true_sql() %}{{ adapter.dispatch('get_true_sql', 'dbt')() }}{% endmacro %}
{% macro default__get_true_sql() %}{{ return('TRUE') }}{% endmacro %}
{% macro get_dbt_valid_to_current(strategy, columns) -%}
  coalesce(nullif({{ strategy.updated_at }}, {{ strategy.updated_at }}), {{ config.get('dbt_valid_to_current') or 'null' }}) as {{ columns.dbt_valid_to }}
{%- endmacro %}
{% macro unique_key_fields(unique_key) -%}
  {%- if unique_key | is_list -%}
    {%- for key in unique_key -%}{{ key }} as dbt_unique_key_{{ loop.index }}{{ ', ' if not loop.last }}{%- endfor -%}
  {%- else -%}{{ unique_key }} as dbt_unique_key{%- endif -%}
{%- endmacro %}
{% macro unique_key_join_on(unique_key, identifier, from_identifier) -%}
  {%- if unique_key | is_list -%}
    {%- for key in unique_key -%}
      {{ equals(identifier ~ '.dbt_unique_key_' ~ loop.index, from_identifier ~ '.dbt_unique_key_' ~ loop.index) }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
  {%- else -%}{{ identifier }}.dbt_unique_key = {{ from_identifier }}.dbt_unique_key{%- endif -%}
{%- endmacro %}
{% macro unique_key_is_null(unique_key, identifier) -%}{{ identifier }}.dbt_unique_key{{ '_1' if unique_key | is_list }} is null{%- endmacro %}
{% macro unique_key_is_not_null(unique_key, identifier) -%}{{ identifier }}.dbt_unique_key{{ '_1' if unique_key | is_list }} is not null{%- endmacro %}
{% macro snapshot_staging_table(strategy, source_sql, target_relation) -%}{{ adapter.dispatch('snapshot_staging_table', 'dbt')(strategy, source_sql, target_relation) }}{% endmacro %}
{% macro default__snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {%- set names = snapshot_columns() -%}
  {%- set keeps_deletes = strategy.hard_deletes == 'new_record' -%}
  {%- set sees_deletes = strategy.hard_deletes in ['invalidate', 'new_record'] -%}
  {%- set current = config.get('dbt_valid_to_current') -%}
  {%- set joined = unique_key_join_on(strategy.unique_key, 'snapshotted_data', 'source_data') -%}
  {%- set changed -%}
    {{ strategy.row_changed }}{% if keeps_deletes %} or snapshotted_data.{{ names.dbt_is_deleted }} = 'True'{% endif %}
  {%- endset -%}
  {%- set known_deleted -%}
    snapshotted_data.{{ names.dbt_is_deleted }} = 'True' and snapshotted_data.{{ names.dbt_valid_to }} {{ '= ' ~ current if current else 'is null' }}
  {%- endset -%}
with snapshot_query as (
  {{ source_sql }}
),
snapshotted_data as (
  select *, {{ unique_key_fields(strategy.unique_key) }}
  from {{ target_relation }}
  where {% if current %}({{ equals(names.dbt_valid_to, current) }} or {{ names.dbt_valid_to }} is null){% else %}{{ names.dbt_valid_to }} is null{% endif %}
),
insertions_source_data as (
  select *, {{ unique_key_fields(strategy.unique_key) }},
    {{ strategy.updated_at }} as {{ names.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ names.dbt_valid_from }},
    {{ get_dbt_valid_to_current(strategy, names) }},
    {{ strategy.scd_id }} as {{ names.dbt_scd_id }}
  from snapshot_query
),
updates_source_data as (
  select *, {{ unique_key_fields(strategy.unique_key) }},
    {{ strategy.updated_at }} as {{ names.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ names.dbt_valid_from }},
    {{ strategy.updated_at }} as {{ names.dbt_valid_to }}
  from snapshot_query
),
{%- if sees_deletes %}
deletes_source_data as (
  select *, {{ unique_key_fields(strategy.unique_key) }} from snapshot_query
),
{%- endif %}
insertions as (
  select 'insert' as dbt_change_type, source_data.*{% if keeps_deletes %}, 'False' as {{ names.dbt_is_deleted }}{% endif %}
  from insertions_source_data as source_data
  left outer join snapshotted_data on {{ joined }}
  where {{ unique_key_is_null(strategy.unique_key, 'snapshotted_data') }}
    or ({{ unique_key_is_not_null(strategy.unique_key, 'snapshotted_data') }} and ({{ changed }}))
),
updates as (
  select 'update' as dbt_change_type, source_data.*, snapshotted_data.{{ names.dbt_scd_id }}{% if keeps_deletes %}, snapshotted_data.{{ names.dbt_is_deleted }}{% endif %}
  from updates_source_data as source_data
  join snapshotted_data on {{ joined }}
  where ({{ changed }})
)
{%- if sees_deletes %},
deletes as (
  select 'delete' as dbt_change_type, source_data.*,
    {{ snapshot_get_time() }} as {{ names.dbt_valid_from }},
    {{ snapshot_get_time() }} as {{ names.dbt_updated_at }},
    {{ snapshot_get_time() }} as {{ names.dbt_valid_to }},
    snapshotted_data.{{ names.dbt_scd_id }}{% if keeps_deletes %}, snapshotted_data.{{ names.dbt_is_deleted }}{% endif %}
  from snapshotted_data
  left join deletes_source_data as source_data on {{ joined }}
  where {{ unique_key_is_null(strategy.unique_key, 'source_data') }}{% if keeps_deletes %} and not ({{ known_deleted }}){% endif %}
)
{%- endif %}
{%- if keeps_deletes %}
  {%- set known_columns = get_list_of_column_names(get_columns_in_relation(target_relation)) %},
deletion_records as (
  select 'insert' as dbt_change_type,
    {% for name in get_columns_in_query(source_sql) %}{{ 'snapshotted_data' if name in known_columns else 'source_data' }}.{{ adapter.quote(name) }}, {% endfor %}
    {% if strategy.unique_key | is_list %}{% for key in strategy.unique_key %}snapshotted_data.{{ key }} as dbt_unique_key_{{ loop.index }}, {% endfor %}
    {%- else %}snapshotted_data.dbt_unique_key as dbt_unique_key, {% endif %}
    {{ snapshot_get_time() }} as {{ names.dbt_valid_from }},
    {{ snapshot_get_time() }} as {{ names.dbt_updated_at }},
    snapshotted_data.{{ names.dbt_valid_to }} as {{ names.dbt_valid_to }},
    {{ snapshot_hash_arguments([names.dbt_scd_id, snapshot_get_time()]) }} as {{ names.dbt_scd_id }},
    'True' as {{ names.dbt_is_deleted }}
  from snapshotted_data
  left join deletes_source_data as source_data on {{ joined }}
  where {{ unique_key_is_null(strategy.unique_key, 'source_data') }} and not ({{ known_deleted }})
)
{%- endif %}
select * from insertions
union all
select * from updates
{%- if sees_deletes %}
union all
select * from deletes
{%- endif %}
{%- if keeps_deletes %}
union all
select * from deletion_records
{%- endif %}
{%- endmacro %}
{% macro build_snapshot_table(strategy, sql) -%}{{ adapter.dispatch('build_snapshot_table', 'dbt')(strategy, sql) }}{% endmacro %}
{% macro default__build_snapshot_table(strategy, sql) %}
  {%- set names = snapshot_columns() %}
select *,
  {{ strategy.scd_id }} as {{ names.dbt_scd_id }},
  {{ strategy.updated_at }} as {{ names.dbt_updated_at }},
  {{ strategy.updated_at }} as {{ names.dbt_valid_from }},
  {{ get_dbt_valid_to_current(strategy, names) }}
  {%- if strategy.hard_deletes == 'new_record' %}, 'False' as {{ names.dbt_is_deleted }}{% endif %}
from (
  {{ sql }}
) sbq
{% endmacro %}
{% macro build_snapshot_staging_table(strategy, sql, target_relation) %}
  {% set temporary = make_temp_relation(target_relation) %}
  {% set select = snapshot_staging_table(strategy, sql, target_relation) %}
  {% call statement('build_snapshot_staging_relation') %}{{ create_table_as(true, temporary, select) }}{% endcall %}
  {% do return(temporary) %}
{% endmacro %}
{% macro get_updated_at_column_data_type(snapshot_sql) %}
  {% set found = get_column_schema_from_query(snapshot_sql) | selectattr('name', 'in', ['dbt_updated_at', 'DBT_UPDATED_AT']) | list | last %}
  {{ return(found.dtype if found else none) }}
{% endmacro %}
{% macro check_time_data_types(sql) %}
  {% set own, wanted = get_updated_at_column_data_type(sql), get_snapshot_get_time_data_type() %}
  {% if own is not none and wanted is not none and own != wanted %}{{ exceptions.warn_snapshot_timestamp_data_types(wanted, own) }}{% endif %}
{% endmacro %}
{% macro snapshot_merge_sql(target, source, insert_cols) -%}{{ adapter.dispatch('snapshot_merge_sql', 'dbt')(target, source, insert_cols) }}{%- endmacro %}
{% macro default__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set names = snapshot_columns() -%}
  {%- set columns = insert_cols | join(', ') -%}
  {%- set current = config.get('dbt_valid_to_current') -%}
  {%- set open = 'DBT_INTERNAL_DEST.' ~ names.dbt_valid_to %}
merge into {{ target.render() }} as DBT_INTERNAL_DEST
using {{ source }} as DBT_INTERNAL_SOURCE
on DBT_INTERNAL_SOURCE.{{ names.dbt_scd_id }} = DBT_INTERNAL_DEST.{{ names.dbt_scd_id }}
when matched and ({{ equals(open, current) ~ ' or ' if current }}{{ open }} is null) and DBT_INTERNAL_SOURCE.dbt_change_type in ('update', 'delete')
  then update set {{ names.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ names.dbt_valid_to }}
when not matched and DBT_INTERNAL_SOURCE.dbt_change_type = 'insert'
  then insert ({{ columns }}) values ({{ columns }})
{%- endmacro %}
{% macro strategy_dispatch(name) -%}
  {%- set package, wanted = (name.split('.', 1) if '.' in name else [none, name]) -%}
  {%- set where = context if package is none else context.get(package) -%}
  {%- if where is none -%}{% do exceptions.raise_compiler_error("Could not find package '" ~ package ~ "', called with '" ~ name ~ "'") %}{%- endif -%}
  {%- set found = where.get('snapshot_' ~ wanted ~ '_strategy') -%}
  {%- if not found -%}{% do exceptions.raise_compiler_error("The specified strategy macro '" ~ wanted ~ "' was not found in package '" ~ package ~ "'") %}{%- endif -%}
  {{ return(found) }}
{%- endmacro %}
{% macro snapshot_hash_arguments(args) -%}{{ adapter.dispatch('snapshot_hash_arguments', 'dbt')(args) }}{%- endmacro %}
{% macro default__snapshot_hash_arguments(args) -%}
md5({% for arg in args %}coalesce(cast({{ arg }} as varchar), ''){{ " || '|' || " if not loop.last }}{% endfor %})
{%- endmacro %}
{% macro snapshot_timestamp_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
  {% set key, updated_at, names = config.get('unique_key'), config.get('updated_at'), snapshot_columns() %}
  {% set hard_deletes = adapter.get_hard_deletes_behavior(config) %}
  {% do return({
    'unique_key': key,
    'updated_at': updated_at,
    'row_changed': '(' ~ snapshotted_rel ~ '.' ~ names.dbt_valid_from ~ ' < ' ~ current_rel ~ '.' ~ updated_at ~ ')',
    'scd_id': snapshot_hash_arguments(api.Relation.scd_args(key, updated_at)),
    'invalidate_hard_deletes': hard_deletes == 'invalidate',
    'hard_deletes': hard_deletes,
  }) %}
{% endmacro %}
{% macro snapshot_string_as_time(timestamp) -%}{{ adapter.dispatch('snapshot_string_as_time', 'dbt')(timestamp) }}{%- endmacro %}
{% macro default__snapshot_string_as_time(timestamp) %}{% do exceptions.raise_not_implemented('snapshot_string_as_time macro not implemented for adapter ' ~ adapter.type()) %}{% endmacro %}
{% macro snapshot_check_all_get_existing_columns(node, target_exists, check_cols_config) -%}
  {%- if not target_exists -%}{{ return((false, [])) }}{%- endif -%}
  {%- if check_cols_config == 'all' -%}
    {%- set wanted = get_columns_in_query(node['compiled_code']) -%}
  {%- elif check_cols_config is iterable and check_cols_config | length > 0 -%}
    {%- set wanted = get_columns_in_query('select ' ~ ((check_cols_config if check_cols_config is not string else [check_cols_config]) | join(', ')) ~ ' from (\n' ~ node['compiled_code'] ~ '\n) subq') -%}
  {%- else -%}
    {% do exceptions.raise_compiler_error("Invalid value for 'check_cols': " ~ check_cols_config) %}
  {%- endif -%}
  {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) -%}
  {%- set known = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
  {%- set both = [] -%}
  {%- for name in wanted if name in known -%}{%- do both.append(adapter.quote(name)) -%}{%- endfor -%}
  {{ return((both | length < wanted | length, both)) }}
{%- endmacro %}
{% macro snapshot_check_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
  {% set key = config.get('unique_key') %}
  {% set hard_deletes = adapter.get_hard_deletes_behavior(config) %}
  {% set updated_at = config.get('updated_at') or snapshot_get_time() %}
  {% set column_added, check_cols = snapshot_check_all_get_existing_columns(node, target_exists, config.get('check_cols')) %}
  {%- set row_changed -%}
  (
    {%- if column_added -%}{{ get_true_sql() }}{%- endif -%}
    {%- for column in ([] if column_added else check_cols) -%}
      {%- set a, b = snapshotted_rel ~ '.' ~ column, current_rel ~ '.' ~ column -%}
      {{ a }} != {{ b }} or (({{ a }} is null) and not ({{ b }} is null)) or ((not {{ a }} is null) and ({{ b }} is null)){{ ' or ' if not loop.last }}
    {%- endfor -%}
  )
  {%- endset %}
  {% do return({
    'unique_key': key,
    'updated_at': updated_at,
    'row_changed': row_changed,
    'scd_id': snapshot_hash_arguments(api.Relation.scd_args(key, updated_at)),
    'invalidate_hard_deletes': hard_deletes == 'invalidate',
    'hard_deletes': hard_deletes,
  }) %}
{% endmacro %}

{% materialization snapshot, default %}
  {% set exists, target_relation = get_or_create_relation(database=model.database, schema=model.schema, identifier=model.get('alias', model.get('name')), type='table') %}
  {% if not target_relation.is_table %}{% do exceptions.relation_wrong_type(target_relation, 'table') %}{% endif %}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% set strategy_macro = strategy_dispatch(config.get('strategy')) %}
  {% set strategy = strategy_macro(model, 'snapshotted_data', 'source_data', model['config'], exists) %}
  {% if not exists %}
    {% set select_sql = build_snapshot_table(strategy, model['compiled_code']) %}
    {% set final_sql = create_table_as(false, target_relation, select_sql) %}
  {% else %}
    {{ adapter.assert_valid_snapshot_target_given_strategy(target_relation, snapshot_columns(), strategy) }}
    {% set select_sql = snapshot_staging_table(strategy, sql, target_relation) %}
    {% set staging = build_snapshot_staging_table(strategy, sql, target_relation) %}
    {% do adapter.expand_target_column_types(from_relation=staging, to_relation=target_relation) %}
    {% set own = ['dbt_change_type', 'DBT_CHANGE_TYPE', 'dbt_unique_key', 'DBT_UNIQUE_KEY'] %}
    {% if strategy.unique_key | is_list %}
      {% for key in strategy.unique_key %}{% do own.extend(['dbt_unique_key_' ~ loop.index, 'DBT_UNIQUE_KEY_' ~ loop.index]) %}{% endfor %}
    {% endif %}
    {% do create_columns(target_relation, adapter.get_missing_columns(staging, target_relation) | rejectattr('name', 'in', own) | list) %}
    {% set columns = [] %}
    {% for column in adapter.get_columns_in_relation(staging) if column.name not in own %}{% do columns.append(adapter.quote(column.name)) %}{% endfor %}
    {% set final_sql = snapshot_merge_sql(target=target_relation, source=staging, insert_cols=columns) %}
  {% endif %}
  {{ check_time_data_types(select_sql) }}
  {% call statement('main') %}{{ final_sql }}{% endcall %}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(exists, full_refresh_mode=false)) %}
  {% do persist_docs(target_relation, model) %}
  {% if not exists %}{% do create_indexes(target_relation) %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {{ adapter.commit() }}
  {% if exists %}{% do post_snapshot(staging) %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
