{# Unit tests: rows that are given take the place of what a model reads. #}
{% macro get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
  {{ adapter.dispatch('get_unit_test_sql', 'dbt')(main_sql, expected_fixture_sql, expected_column_names) }}
{%- endmacro %}
{% macro default__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
{% set names = expected_column_names | join(', ') %}
with dbt_internal_unit_test_actual as (
  select {{ names }}, {{ dbt.string_literal('actual') }} as {{ adapter.quote('actual_or_expected') }}
  from (
    {{ main_sql }}
  ) _dbt_internal_unit_test_actual
),
dbt_internal_unit_test_expected as (
  select {{ names }}, {{ dbt.string_literal('expected') }} as {{ adapter.quote('actual_or_expected') }}
  from (
    {{ expected_fixture_sql }}
  ) _dbt_internal_unit_test_expected
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
{%- endmacro %}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
  {%- set types, quoted = {}, {} -%}
  {%- if column_name_to_data_types -%}
    {%- for name, type in column_name_to_data_types.items() -%}
      {%- do types.update({name: type}) -%}{%- do quoted.update({name: adapter.quote(name)}) -%}
    {%- endfor -%}
  {%- else -%}
    {%- set from = defer_relation if (defer_relation and not load_relation(this)) else this -%}
    {%- for column in adapter.get_columns_in_relation(from) -%}
      {%- do types.update({column.name | lower: column.data_type}) -%}{%- do quoted.update({column.name | lower: column.quoted}) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if not types -%}
    {{ exceptions.raise_compiler_error("Not able to get columns for unit test '" ~ model.name ~ "' from relation " ~ this ~ " because the relation doesn't exist") }}
  {%- endif -%}
  {{ validate_fixture_rows(rows, row_number) }}
  {%- for row in rows -%}
    {%- set given = format_row(row, types) %}
select {% for name, type in types.items() %}{{ given.get(name) or (safe_cast('null', type) | trim) }} as {{ quoted[name] }}{{ ', ' if not loop.last }}{% endfor %}
    {%- if not loop.last %}
union all{% endif %}
  {%- endfor -%}
  {%- if rows | length == 0 %}
select {% for name, type in types.items() %}{{ safe_cast('null', type) | trim }} as {{ quoted[name] }}{{ ', ' if not loop.last }}{% endfor %}
limit 0
  {%- endif -%}
{% endmacro %}
{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) %}
  {%- if rows | length == 0 -%}
select * from dbt_internal_unit_test_actual limit 0
  {%- endif -%}
  {%- for row in rows %}
select {% for name, value in format_row(row, column_name_to_data_types).items() %}{{ value }} as {{ column_name_to_quoted[name] }}{{ ', ' if not loop.last }}{% endfor %}
    {%- if not loop.last %}
union all{% endif %}
  {%- endfor -%}
{% endmacro %}
{% macro format_row(row, column_name_to_data_types) -%}
  {%- set formatted = {} -%}
  {%- for given_name, value in row.items() -%}
    {%- set name = given_name | lower -%}
    {%- if name not in column_name_to_data_types -%}
      {%- set where = 'expected output' if model.resource_type == 'unit_test' else ("'" ~ model.name ~ "'") -%}
      {{ exceptions.raise_compiler_error("Invalid column name: '" ~ name ~ "' in unit test fixture for " ~ where ~ ".\nAccepted columns for " ~ where ~ " are: " ~ (column_name_to_data_types.keys() | list)) }}
    {%- endif -%}
    {%- set type = column_name_to_data_types[name] -%}
    {%- if value is string and 'varying' in type -%}{%- set type = type.split('(')[0] -%}{%- endif -%}
    {%- if value is string -%}{%- set text = dbt.string_literal(dbt.escape_single_quotes(value)) -%}
    {%- elif value is none -%}{%- set text = 'null' -%}
    {%- else -%}{%- set text = value -%}
    {%- endif -%}
    {%- do formatted.update({name: safe_cast(text, type)}) -%}
  {%- endfor -%}
  {{ return(formatted) }}
{%- endmacro %}
{% macro validate_fixture_rows(rows, row_number) -%}
  {{ return(adapter.dispatch('validate_fixture_rows', 'dbt')(rows, row_number)) }}
{%- endmacro %}
{% macro default__validate_fixture_rows(rows, row_number) -%}{%- endmacro %}
{% materialization unit, default %}
  {% set expected_rows, expected_sql = config.get('expected_rows'), config.get('expected_sql') %}
  {% set names = expected_rows[0].keys() if expected_rows | length > 0 else get_columns_in_query(sql) %}
  {% set temporary = make_temp_relation(this.incorporate(type='table')) %}
  {% do run_query(get_create_table_as_sql(true, temporary, get_empty_subquery_sql(sql))) %}
  {% set types, quoted = {}, {} %}
  {% for column in adapter.get_columns_in_relation(temporary) %}
    {% do types.update({column.name | lower: column.data_type}) %}
    {% do quoted.update({column.name | lower: column.quoted}) %}
  {% endfor %}
  {% set quoted_names = [] %}
  {% for name in names %}{% do quoted_names.append(quoted[name | lower]) %}{% endfor %}
  {% if not expected_sql %}{% set expected_sql = get_expected_sql(expected_rows, types, quoted) %}{% endif %}
  {% call statement('main', fetch_result=true) -%}
    {{ get_unit_test_sql(sql, expected_sql, quoted_names) }}
  {%- endcall %}
  {% do adapter.drop_relation(temporary) %}
  {{ return({'relations': []}) }}
{% endmaterialization %}
