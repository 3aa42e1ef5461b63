{# Columns and constraints that a contract promises. #}
{% macro get_table_columns_and_constraints() -%}{{ adapter.dispatch('get_table_columns_and_constraints', 'dbt')() }}{%- endmacro %}
{% macro default__get_table_columns_and_constraints() -%}{{ return(table_columns_and_constraints()) }}{%- endmacro %}
{% macro table_columns_and_constraints() %}
  {%- set lines = adapter.render_raw_columns_constraints(raw_columns=model['columns']) + adapter.render_raw_model_constraints(raw_constraints=model['constraints']) -%}
  (
    {{ lines | join(',\n    ') }}
  )
{% endmacro %}
{% macro get_assert_columns_equivalent(sql) -%}{{ adapter.dispatch('get_assert_columns_equivalent', 'dbt')(sql) }}{%- endmacro %}
{% macro default__get_assert_columns_equivalent(sql) -%}{{ return(assert_columns_equivalent(sql)) }}{%- endmacro %}
{% macro assert_columns_equivalent(sql) %}
  {%- if not model['columns'] -%}{{ exceptions.raise_contract_error([], []) }}{%- endif -%}
  {%- set got = format_columns(get_column_schema_from_query(sql, config.get('sql_header', none))) -%}
  {%- set wanted = format_columns(get_column_schema_from_query(get_empty_schema_sql(model['columns']))) -%}
  {%- set left = wanted | map(attribute='formatted') | list -%}
  {%- if got | length != wanted | length -%}{%- do exceptions.raise_contract_error(wanted, got) -%}{%- endif -%}
  {%- for column in got -%}
    {%- if column['formatted'] not in left -%}{%- do exceptions.raise_contract_error(wanted, got) -%}{%- endif -%}
  {%- endfor -%}
{% endmacro %}
{% macro format_columns(columns) %}
  {% set formatted = [] %}
  {% for column in columns %}{% do formatted.append(adapter.dispatch('format_column', 'dbt')(column)) %}{% endfor %}
  {{ return(formatted) }}
{% endmacro %}
{% macro default__format_column(column) -%}
  {{ return({'name': column.name, 'data_type': column.dtype, 'formatted': column.column.lower() ~ ' ' ~ column.dtype}) }}
{%- endmacro %}
{% macro get_empty_schema_sql(columns) -%}{{ return(adapter.dispatch('get_empty_schema_sql', 'dbt')(columns)) }}{%- endmacro %}
{% macro default__get_empty_schema_sql(columns) -%}
  {%- set missing = [] -%}
  {%- for column in columns.values() if not column['data_type'] -%}{%- do missing.append(column['name']) -%}{%- endfor -%}
  {%- if missing -%}{{ exceptions.column_type_missing(column_names=missing) }}{%- endif %}
select {% for column in columns.values() %}cast(null as {{ column['data_type'] }}) as {{ adapter.quote(column['name']) if column.get('quote') else column['name'] }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}
{% macro get_empty_subquery_sql(select_sql, select_sql_header=none) -%}{{ return(adapter.dispatch('get_empty_subquery_sql', 'dbt')(select_sql, select_sql_header)) }}{%- endmacro %}
{% macro default__get_empty_subquery_sql(select_sql, select_sql_header=none) %}
{{ select_sql_header if select_sql_header is not none }}
select * from (
  {{ select_sql }}
) as __dbt_sbq
where false
limit 0
{% endmacro %}
{% macro get_column_schema_from_query(select_sql, select_sql_header=none) -%}
  {{ return(adapter.get_column_schema_from_query(get_empty_subquery_sql(select_sql, select_sql_header))) }}
{%- endmacro %}
{% macro get_columns_in_query(select_sql) -%}{{ return(adapter.dispatch('get_columns_in_query', 'dbt')(select_sql)) }}{%- endmacro %}
{% macro default__get_columns_in_query(select_sql) %}
  {% call statement('get_columns_in_query', fetch_result=true, auto_begin=false) -%}{{ get_empty_subquery_sql(select_sql) }}{% endcall %}
  {{ return(load_result('get_columns_in_query').table.columns | map(attribute='name') | list) }}
{% endmacro %}
