{% macro note(what, who) %}insert into {{ target.schema }}.audit values ('{{ what }}', '{{ who }}'){% endmacro %}
{% macro dbt_utils_like_values(relation, column) %}
  {% if not execute %}{{ return([]) }}{% endif %}
  {% call statement('values', fetch_result=true) %}select distinct {{ column }} from {{ relation }} order by 1{% endcall %}
  {{ return(load_result('values').table.columns[0].values() | list) }}
{% endmacro %}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ target.schema ~ '_' ~ custom_schema_name | trim if custom_schema_name and target.name != 'prod' else target.schema }}
{%- endmacro %}
{% macro count_of(name) %}
  {% set found = run_query('select count(*) from ' ~ ref(name)) %}
  {{ log(name ~ ' has ' ~ found.columns[0][0] ~ ' rows', info=true) }}
  {{ return(found.rows[0][0]) }}
{% endmacro %}
{% macro clear_audit(keep=['start']) %}
  {% do run_query("delete from " ~ target.schema ~ ".audit where what not in ('" ~ keep | join("','") ~ "')") %}
{% endmacro %}
{% materialization numbered, default %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {{ run_hooks(pre_hooks) }}
  {% do adapter.drop_relation(load_relation(this)) if load_relation(this) %}
  {% call statement('main') %}
    create table {{ target_relation }} as select {{ config.require('start') }} + row_number() over (order by letter) as n, * from ({{ sql }}) as x
  {% endcall %}
  {{ run_hooks(post_hooks) }}
  {% do adapter.commit() %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
