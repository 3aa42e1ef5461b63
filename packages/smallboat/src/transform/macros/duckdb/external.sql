{# External models: a file, and a view that reads it. #}
{% macro external_location(relation, config) -%}
  {%- set path = adapter.external_root() ~ '/' ~ relation.identifier -%}
  {{- path if config.get('options', {}).get('partition_by') is not none else path ~ '.' ~ config.get('format', 'parquet') -}}
{%- endmacro %}
{% macro render_write_options(config) -%}
  {%- set options = config.get('options', {}) -%}
  {%- if options is not mapping -%}{{ exceptions.raise_compiler_error("The options argument must be a dictionary") }}{%- endif -%}
  {%- set rendered = {} -%}
  {%- for name, value in options.items() -%}{%- do rendered.update({name: render(value | string)}) -%}{%- endfor -%}
  {%- if config.get('format', none) -%}{%- do rendered.update({'format': render(config.get('format'))}) -%}{%- endif -%}
  {%- if config.get('delimiter', none) -%}{%- do rendered.update({'delimiter': render(config.get('delimiter'))}) -%}{%- endif -%}
  {{ return(rendered) }}
{%- endmacro %}
{% macro write_to_file(relation, location, options) -%}
  {% call statement('write_to_file') -%}copy {{ relation }} to '{{ location }}' ({{ options }}){%- endcall %}
{%- endmacro %}
{% macro location_exists(location) -%}{% do return(adapter.location_exists(location)) %}{% endmacro %}
{% macro external_read_options(options) -%}
  {%- for name, value in options.items() -%}, {{ name }}={{ "'" ~ value ~ "'" if value is string else value }}{%- endfor -%}
{%- endmacro %}
{% materialization external, adapter='duckdb', supported_languages=['sql'] %}
  {% set location = render(config.get('location', default=external_location(this, config))) %}
  {% set written = render_write_options(config) %}
  {% set write_options = adapter.external_write_options(location, written) %}
  {% set format = config.get('format') or (written['format'] if written.get('format') in ['csv', 'parquet', 'json'] else 'parquet') %}
  {% if format not in ['csv', 'parquet', 'json'] %}{{ exceptions.raise_compiler_error('Invalid format: ' ~ format ~ '. Allowed formats are: csv, parquet, json') }}{% endif %}
  {% if config.get('plugin') is not none or config.get('glue_register', default=false) %}
    {{ exceptions.raise_compiler_error('plugins of dbt-duckdb are written in Python, which is not run here') }}
  {% endif %}
  {% set read_location = adapter.external_read_location(location, written) %}
  {% set read_options = dict(config.get(format ~ '_read_options', {'union_by_name': false} if format == 'parquet' else {'auto_detect': true})) %}
  {% if format != 'parquet' and written.get('compression') and 'compression' not in read_options %}{% do read_options.update({'compression': written['compression']}) %}{% endif %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='view') %}
  {% set temporary = make_intermediate_relation(this.incorporate(type='table'), suffix='__dbt_tmp') %}
  {% set intermediate = make_intermediate_relation(target_relation, suffix='__dbt_int') %}
  {% set backup = make_backup_relation(target_relation, 'table' if existing is none else existing.type) %}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ drop_relation_if_exists(load_cached_relation(temporary)) }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% call statement('create_table') -%}{{ create_table_as(false, temporary, compiled_code) }}{%- endcall %}
  {# A file without rows would have no types: one row of nulls is written and filtered out again. #}
  {% set is_empty = run_query('select count(*) from ' ~ temporary).rows[0][0] == 0 %}
  {% set names = adapter.get_columns_in_relation(temporary) | map(attribute='name') | list %}
  {% if is_empty %}
    {% call statement('one_row') %}insert into {{ temporary }} values ({% for name in names %}null{{ ', ' if not loop.last }}{% endfor %}){% endcall %}
  {% endif %}
  {{ write_to_file(temporary, location, write_options) }}
  {% call statement('main') -%}
    create or replace view {{ intermediate }} as (
      select * from read_{{ format }}('{{ read_location }}'{{ external_read_options(read_options) }})
      {% if is_empty %}where true{% for name in names %} and "{{ name }}" is not null{% endfor %}{% endif %}
    );
  {%- endcall %}
  {% if existing is not none %}{{ adapter.rename_relation(existing, backup) }}{% endif %}
  {{ adapter.rename_relation(intermediate, target_relation) }}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {% do persist_docs(target_relation, model) %}
  {{ adapter.commit() }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ drop_relation_if_exists(temporary) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
{% macro register_upstream_external_models() -%}
  {% if execute %}
    {% for id in selected_resources if id in graph['nodes'] %}
      {% for parent in graph['nodes'][id]['depends_on']['nodes'] if parent in graph['nodes'] and parent not in selected_resources %}
        {% set node = graph['nodes'][parent] %}
        {% if node.resource_type in ('model', 'seed') and node.config.materialized == 'external' %}
          {% set relation = api.Relation.create(database=node['database'], schema=node['schema'], identifier=node['alias']) %}
          {% set location = node.config.get('location', external_location(relation, node.config)) %}
          {% call statement('schema') -%}create schema if not exists {{ relation.without_identifier() }}{%- endcall %}
          {% call statement('view') -%}create or replace view {{ relation }} as (select * from '{{ adapter.external_read_location(location, render_write_options(node.config)) }}');{%- endcall %}
        {% endif %}
      {% endfor %}
    {% endfor %}
    {% do adapter.commit() %}
  {% endif %}
{%- endmacro %}
