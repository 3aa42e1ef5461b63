{# Asking the warehouse from a template. #}
{% macro statement(name=none, fetch_result=false, auto_begin=true, language='sql') -%}
  {%- if execute -%}
    {%- set compiled_code = caller() -%}
    {%- if name == 'main' -%}{{ write(compiled_code) }}{%- endif -%}
    {%- if language != 'sql' -%}{% do exceptions.raise_compiler_error('statement: only sql can be run, not ' ~ language) %}{%- endif -%}
    {%- set response, table = adapter.execute(compiled_code, auto_begin=auto_begin, fetch=fetch_result) -%}
    {%- if name is not none -%}{{ store_result(name, response=response, agate_table=table) }}{%- endif -%}
  {%- endif -%}
{%- endmacro %}
{% macro noop_statement(name=none, message=none, code=none, rows_affected=none, res=none) -%}
  {%- set sql = caller() -%}
  {%- if name == 'main' -%}{{ write(sql) }}{%- endif -%}
  {%- if name is not none -%}{{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}{%- endif -%}
{%- endmacro %}
{% macro run_query(sql) %}
  {% call statement('run_query_statement', fetch_result=true, auto_begin=false) %}{{ sql }}{% endcall %}
  {% do return(load_result('run_query_statement').table) %}
{% endmacro %}
{% macro convert_datetime(date_str, date_fmt) %}
  {% do return(modules.datetime.datetime.strptime(date_str, date_fmt)) %}
{% endmacro %}
{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt='%Y%m%d', out_fmt='%Y%m%d') %}
  {% set first = convert_datetime(start_date_str, in_fmt) %}
  {% set last = convert_datetime(end_date_str or start_date_str, in_fmt) %}
  {% if (last - first).days < 0 %}{% do exceptions.raise_compiler_error('dates_in_range: ' ~ end_date_str ~ ' is before ' ~ start_date_str) %}{% endif %}
  {% set days = [] %}
  {% for i in range((last - first).days + 1) %}{% do days.append((first + modules.datetime.timedelta(days=i)).strftime(out_fmt)) %}{% endfor %}
  {% do return(days) %}
{% endmacro %}
{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') %}
  {% set parts = (raw_partition_date | string).split(',') %}
  {% set first, last = parts[0], (parts[1] if parts | length > 1 else parts[0]) %}
  {% do return(dates_in_range(first, last, in_fmt=date_fmt)) %}
{% endmacro %}
{% macro py_current_timestring() %}
  {% do return(modules.datetime.datetime.now().strftime('%H%M%S%f')) %}
{% endmacro %}
{% macro set_sql_header(config) -%}
  {{ config.set('sql_header', caller()) }}
{%- endmacro %}
{% macro should_full_refresh() %}
  {% set own = config.get('full_refresh') %}
  {% do return(flags.FULL_REFRESH if own is none else own) %}
{% endmacro %}
{% macro should_store_failures() %}
  {% set own = config.get('store_failures') %}
  {% do return(flags.STORE_FAILURES if own is none else own) %}
{% endmacro %}
{% macro run_hooks(hooks, inside_transaction=true) %}
  {% for hook in hooks | selectattr('transaction', 'equalto', inside_transaction) %}
    {% if not inside_transaction and loop.first %}{% call statement(auto_begin=inside_transaction) %}commit;{% endcall %}{% endif %}
    {% set rendered = render(hook.get('sql')) | trim %}
    {% if rendered %}{% call statement(auto_begin=inside_transaction) %}{{ rendered }}{% endcall %}{% endif %}
  {% endfor %}
{% endmacro %}
{% macro make_hook_config(sql, inside_transaction) %}
  {{ tojson({'sql': sql, 'transaction': inside_transaction}) }}
{% endmacro %}
{% macro before_begin(sql) %}{{ make_hook_config(sql, inside_transaction=false) }}{% endmacro %}
{% macro in_transaction(sql) %}{{ make_hook_config(sql, inside_transaction=true) }}{% endmacro %}
{% macro after_commit(sql) %}{{ make_hook_config(sql, inside_transaction=false) }}{% endmacro %}
