{# DuckDB's MERGE, with all that dbt-duckdb lets one say of its clauses. #}
{% macro duckdb__get_incremental_merge_sql(args_dict) %}
  {{ return(duckdb__get_merge_sql(args_dict['target_relation'], args_dict['temp_relation'], args_dict['unique_key'], args_dict['dest_columns'], args_dict.get('incremental_predicates'))) }}
{% endmacro %}
{% macro duckdb__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {%- do duckdb_check_merge_config() -%}
  {%- set predicates = normalize_string_or_list(incremental_predicates, 'incremental_predicates') -%}
  {%- set included, excluded = config.get('merge_update_columns') or [], config.get('merge_exclude_columns') or [] -%}
  {%- set expressions = config.get('merge_update_set_expressions') or {} -%}
  {%- set clauses = config.get('merge_clauses') or {} -%}
  {%- set usual = {'action': 'update', 'condition': config.get('merge_update_condition', none), 'mode': 'by_name'} -%}
  {%- if included or excluded or expressions -%}
    {%- do usual.update({'mode': 'explicit', 'update': {'include': included, 'exclude': excluded, 'set_expressions': expressions}}) -%}
  {%- endif -%}
  {%- set matched = clauses.get('when_matched', [usual]) -%}
  {%- set not_matched = clauses.get('when_not_matched', [{'action': 'insert', 'condition': config.get('merge_insert_condition', none), 'mode': 'by_name'}]) -%}
  {{ config.get('sql_header', none) or '' }}
  merge into {{ target }} as DBT_INTERNAL_DEST
  using {{ source }} as DBT_INTERNAL_SOURCE
  {{ duckdb_merge_join(unique_key, config.get('merge_on_using_columns') or [], predicates) }}
  {%- for clause in matched %}
  when matched {{ duckdb_merge_condition(clause) }} then {{ duckdb_merge_action(clause, dest_columns) }}
  {%- endfor %}
  {%- for clause in not_matched %}
  when not matched {{ 'by ' ~ clause['by'] if clause.get('by') }} {{ duckdb_merge_condition(clause) }} then {{ duckdb_merge_action(clause, dest_columns) }}
  {%- endfor %}
  {%- set returning = config.get('merge_returning_columns') or [] %}
  {{ 'returning ' ~ (returning if returning is string else returning | join(', ')) if returning }}
{%- endmacro %}
{% macro duckdb_merge_join(unique_key, using_columns, predicates) -%}
  {%- if using_columns -%}
using ({{ using_columns | join(', ') }}){{ ' on (' ~ (predicates | join(') and (')) ~ ')' if predicates }}
  {%- else -%}
    {%- set keys = [unique_key] if unique_key is string else (unique_key or []) -%}
    {%- set joins = [] -%}
    {%- for key in keys -%}{%- do joins.append('DBT_INTERNAL_SOURCE.' ~ key ~ ' = DBT_INTERNAL_DEST.' ~ key) -%}{%- endfor -%}
on ({{ ((joins or ['FALSE']) + predicates) | join(') and (') }})
  {%- endif -%}
{%- endmacro %}
{% macro duckdb_merge_condition(clause) -%}
  {%- set condition = clause.get('condition') -%}
  {%- if condition -%}and {{ condition if condition is string else '(' ~ (condition | join(') and (')) ~ ')' }}{%- endif -%}
{%- endmacro %}
{% macro duckdb_merge_action(clause, dest_columns) -%}
  {%- set action, mode = clause.get('action'), clause.get('mode') -%}
  {%- if action == 'update' and mode == 'explicit' -%}
    {%- set given = clause.get('update', {}) -%}
    {%- set expressions = given.get('set_expressions', {}) -%}
    {%- set parts = [] -%}
    {%- for column, expression in expressions.items() -%}{%- do parts.append(column ~ ' = ' ~ expression) -%}{%- endfor -%}
    {%- for column in get_merge_update_columns(given.get('include', []), given.get('exclude', []), dest_columns) if column | replace('"', '') not in expressions -%}
      {%- do parts.append(column ~ ' = DBT_INTERNAL_SOURCE.' ~ column) -%}
    {%- endfor -%}
update set {{ parts | join(', ') }}
  {%- elif action == 'update' and clause.get('set_expressions') -%}
    {%- set parts = [] -%}
    {%- for column, expression in clause['set_expressions'].items() -%}{%- do parts.append(column ~ ' = ' ~ expression) -%}{%- endfor -%}
update set {{ parts | join(', ') }}
  {%- elif action == 'update' -%}update {{ {'by_position': 'by position', 'star': 'set *'}.get(mode, 'by name') }}
  {%- elif action == 'insert' and mode == 'explicit' -%}
insert ({{ clause.get('insert', {}).get('columns', []) | join(', ') }}) values ({{ clause.get('insert', {}).get('values', []) | join(', ') }})
  {%- elif action == 'insert' -%}insert {{ {'by_position': 'by position', 'star': '*'}.get(mode, 'by name') }}
  {%- elif action == 'delete' -%}delete
  {%- elif action == 'do_nothing' -%}do nothing
  {%- elif action == 'error' -%}error{{ " '" ~ (clause['error_message'] | replace("'", "''")) ~ "'" if clause.get('error_message') }}
  {%- else -%}{{ exceptions.raise_compiler_error("merge_clauses: unknown action '" ~ action ~ "'") }}
  {%- endif -%}
{%- endmacro %}
{% macro duckdb_check_merge_config() -%}
  {%- set problems = [] -%}
  {%- for name in ['merge_update_condition', 'merge_insert_condition'] -%}
    {%- set value = config.get(name) -%}
    {%- if value is not none and value is not string -%}{%- do problems.append(name ~ ' must be a string, found: ' ~ value) -%}{%- endif -%}
  {%- endfor -%}
  {%- for name in ['merge_on_using_columns', 'merge_update_columns', 'merge_exclude_columns', 'merge_returning_columns'] -%}
    {%- set value = config.get(name) -%}
    {%- if value is not none and (value is string or value is mapping or value is not sequence) -%}{%- do problems.append(name ~ ' must be a list') -%}{%- endif -%}
  {%- endfor -%}
  {%- set clauses = config.get('merge_clauses') -%}
  {%- if clauses is not none -%}
    {%- if clauses is not mapping -%}{%- do problems.append('merge_clauses must be a dictionary, found: ' ~ clauses) -%}
    {%- elif 'when_matched' not in clauses and 'when_not_matched' not in clauses -%}{%- do problems.append("merge_clauses must contain at least one of 'when_matched' or 'when_not_matched' keys") -%}
    {%- endif -%}
    {%- for name in ['merge_update_condition', 'merge_insert_condition', 'merge_update_columns', 'merge_exclude_columns', 'merge_update_set_expressions'] if config.get(name) -%}
      {%- do problems.append('when merge_clauses is specified, ' ~ name ~ ' must be removed') -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if problems -%}{{ exceptions.raise_compiler_error('MERGE configuration errors:\n' ~ (problems | join('\n'))) }}{%- endif -%}
{%- endmacro %}
