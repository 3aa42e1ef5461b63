{# Seeds: the rows of a CSV file. #}
{% materialization seed, default %}
  {% set old = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) %}
  {% set is_refresh = should_full_refresh() %}
  {% set is_table = old is not none and old.is_table %}
  {% set table = load_agate_table() %}
  {% do store_result('agate_table', response='OK', agate_table=table) %}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% if old is not none and old.is_view %}
    {{ exceptions.raise_compiler_error("Cannot seed to '{}', it is a view".format(old.render())) }}
  {% endif %}
  {% set create_sql = reset_csv_table(model, is_refresh, old, table) if is_table else create_csv_table(model, table) %}
  {% set rows = table.rows | length %}
  {% set code = 'CREATE' if is_refresh else 'INSERT' %}
  {% set insert_sql = load_csv_rows(model, table) if rows > 0 else '' %}
  {% call noop_statement('main', code ~ ' ' ~ rows, code, rows) %}{{ get_csv_sql(create_sql, insert_sql) }};{% endcall %}
  {% set target_relation = this.incorporate(type='table') %}
  {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(old, is_refresh)) %}
  {% do persist_docs(target_relation, model) %}
  {% if is_refresh or not is_table %}{% do create_indexes(target_relation) %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
{% macro create_csv_table(model, agate_table) -%}{{ adapter.dispatch('create_csv_table', 'dbt')(model, agate_table) }}{%- endmacro %}
{% macro default__create_csv_table(model, agate_table) %}
  {%- set types = model['config'].get('column_types', {}) -%}
  {%- set quotes = model['config'].get('quote_columns', none) -%}
  {%- set columns = [] -%}
  {%- for name in agate_table.column_names -%}
    {%- do columns.append(adapter.quote_seed_column(name | string, quotes) ~ ' ' ~ types.get(name, adapter.convert_type(agate_table, loop.index0))) -%}
  {%- endfor -%}
  {% set sql = 'create table ' ~ this.render() ~ ' (' ~ (columns | join(', ')) ~ ')' %}
  {% call statement('_') -%}{{ sql }}{%- endcall %}
  {{ return(sql) }}
{% endmacro %}
{% macro reset_csv_table(model, full_refresh, old_relation, agate_table) -%}{{ adapter.dispatch('reset_csv_table', 'dbt')(model, full_refresh, old_relation, agate_table) }}{%- endmacro %}
{% macro default__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
  {% if full_refresh %}
    {{ adapter.drop_relation(old_relation) }}
    {{ return(create_csv_table(model, agate_table)) }}
  {% endif %}
  {{ adapter.truncate_relation(old_relation) }}
  {{ return('truncate table ' ~ old_relation.render()) }}
{% endmacro %}
{% macro get_csv_sql(create_or_truncate_sql, insert_sql) %}{{ adapter.dispatch('get_csv_sql', 'dbt')(create_or_truncate_sql, insert_sql) }}{% endmacro %}
{% macro default__get_csv_sql(create_or_truncate_sql, insert_sql) %}
{{ create_or_truncate_sql }};
-- dbt seed --
{{ insert_sql }}
{% endmacro %}
{% macro get_batch_size() -%}{{ return(adapter.dispatch('get_batch_size', 'dbt')()) }}{%- endmacro %}
{% macro default__get_batch_size() %}{{ return(10000) }}{% endmacro %}
{% macro get_binding_char() -%}{{ adapter.dispatch('get_binding_char', 'dbt')() }}{%- endmacro %}
{% macro default__get_binding_char() %}{{ return('%s') }}{% endmacro %}
{% macro get_seed_column_quoted_csv(model, column_names) %}
  {% set quoted = [] %}
  {% for name in column_names %}{% do quoted.append(adapter.quote_seed_column(name, model['config'].get('quote_columns', none))) %}{% endfor %}
  {{ return(quoted | join(', ')) }}
{% endmacro %}
{% macro load_csv_rows(model, agate_table) -%}{{ adapter.dispatch('load_csv_rows', 'dbt')(model, agate_table) }}{%- endmacro %}
{% macro default__load_csv_rows(model, agate_table) %}
  {% set columns = get_seed_column_quoted_csv(model, agate_table.column_names) %}
  {{ return(adapter.insert_rows(this, columns, agate_table, get_batch_size())) }}
{% endmacro %}
