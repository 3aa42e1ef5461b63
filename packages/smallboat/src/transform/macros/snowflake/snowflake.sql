{# Snowflake: relations, their columns, comments and rights. #}
{% macro snowflake__list_schemas(database) -%}
  {{ return(run_query('select schema_name from ' ~ information_schema_name(database) ~ '.schemata')) }}
{% endmacro %}
{% macro snowflake__check_schema_exists(information_schema, schema) -%}
  {{ return(run_query('select count(*) from ' ~ information_schema_name(information_schema.database) ~ ".schemata where upper(schema_name) = upper('" ~ schema ~ "')")) }}
{%- endmacro %}
{% macro snowflake__list_relations_without_caching(schema_relation) %}
  {% set sql %}
    select table_catalog, table_name, table_schema,
      case when table_type = 'VIEW' then 'view' when table_type = 'MATERIALIZED VIEW' then 'materialized_view' else 'table' end
    from {{ information_schema_name(schema_relation.database) }}.tables
    where upper(table_schema) = upper('{{ schema_relation.schema }}')
  {% endset %}
  {{ return(run_query(sql)) }}
{% endmacro %}
{% macro snowflake__get_columns_in_relation(relation) -%}
  {% set sql %}
    select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale
    from {{ information_schema_name(relation.database) }}.columns
    where upper(table_name) = upper('{{ relation.identifier }}')
    {% if relation.schema %}and upper(table_schema) = upper('{{ relation.schema }}'){% endif %}
    order by ordinal_position
  {% endset %}
  {{ return(sql_convert_columns_in_relation(run_query(sql))) }}
{% endmacro %}
{% macro snowflake__rename_relation(from_relation, to_relation) -%}
  {% call statement('rename_relation') -%}alter table {{ from_relation.render() }} rename to {{ to_relation.render() }}{%- endcall %}
{% endmacro %}
{% macro snowflake__drop_table(relation) -%}drop table if exists {{ relation.render() }} cascade{%- endmacro %}
{% macro snowflake__drop_view(relation) -%}drop view if exists {{ relation.render() }}{%- endmacro %}
{% macro snowflake__truncate_relation(relation) -%}
  {% call statement('truncate_relation') -%}truncate table {{ relation.render() }}{%- endcall %}
{% endmacro %}
{% macro snowflake__alter_column_type(relation, column_name, new_column_type) -%}
  {% call statement('alter_column_type') %}alter table {{ relation.render() }} alter {{ adapter.quote(column_name) }} set data type {{ new_column_type }}{% endcall %}
{% endmacro %}
{% macro snowflake__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
  {% for column in add_columns or [] %}{% do run_query('alter table ' ~ relation.render() ~ ' add column ' ~ column.quoted ~ ' ' ~ column.expanded_data_type) %}{% endfor %}
  {% for column in remove_columns or [] %}{% do run_query('alter table ' ~ relation.render() ~ ' drop column ' ~ column.quoted) %}{% endfor %}
{% endmacro %}
{% macro snowflake__alter_relation_comment(relation, relation_comment) -%}
comment on {{ 'view' if relation.is_view else 'table' }} {{ relation.render() }} is $${{ relation_comment | replace('$', '[$]') }}$$
{%- endmacro %}
{% macro snowflake__alter_column_comment(relation, column_dict) -%}
  {% set known = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list %}
  {% set parts = [] %}
  {% for name in column_dict if name | lower in known %}
    {% set column = adapter.quote(name) if column_dict[name]['quote'] else name %}
    {% do parts.append(column ~ ' comment $$' ~ (column_dict[name]['description'] | replace('$', '[$]')) ~ '$$') %}
  {% endfor %}
  {% if parts %}alter {{ 'view' if relation.is_view else 'table' }} {{ relation.render() }} alter {{ parts | join(', ') }}{% endif %}
{% endmacro %}
{% macro snowflake__get_show_grant_sql(relation) %}
select grantee, privilege_type from {{ information_schema_name(relation.database) }}.table_privileges
where upper(table_schema) = upper('{{ relation.schema }}') and upper(table_name) = upper('{{ relation.identifier }}') and privilege_type <> 'OWNERSHIP'
{% endmacro %}
{% macro snowflake__get_grant_sql(relation, privilege, grantees) -%}grant {{ privilege }} on {{ relation.render() }} to role {{ grantees | join(', ') }}{%- endmacro %}
{% macro snowflake__get_revoke_sql(relation, privilege, grantees) -%}revoke {{ privilege }} on {{ relation.render() }} from role {{ grantees | join(', ') }}{%- endmacro %}
{% macro snowflake__support_multiple_grantees_per_dcl_statement() %}{{ return(false) }}{% endmacro %}
{% macro snowflake__copy_grants() %}{{ return(config.get('copy_grants', false)) }}{% endmacro %}
{% macro set_query_tag() -%}{{ return(adapter.dispatch('set_query_tag', 'dbt')()) }}{% endmacro %}
{% macro snowflake__set_query_tag() -%}
  {% set tag = config.get('query_tag') %}
  {% if tag %}{% do run_query("alter session set query_tag = '" ~ (tag | replace("'", "''")) ~ "'") %}{% endif %}
  {{ return(tag) }}
{% endmacro %}
{% macro unset_query_tag(original_query_tag) -%}{{ return(adapter.dispatch('unset_query_tag', 'dbt')(original_query_tag)) }}{% endmacro %}
{% macro snowflake__unset_query_tag(original_query_tag) -%}
  {% if original_query_tag %}{% do run_query('alter session unset query_tag') %}{% endif %}
{% endmacro %}
{% macro snowflake__get_catalog_relations(information_schema, relations) -%}
  {% set places = ['false'] %}
  {% for relation in relations %}
    {% set name = " and upper(t.table_name) = upper('" ~ relation.identifier ~ "')" if relation.identifier else '' %}
    {% do places.append("(upper(t.table_schema) = upper('" ~ relation.schema ~ "')" ~ name ~ ')') %}
  {% endfor %}
  {% set home = information_schema_name(information_schema.database) %}
  {% set sql %}
    select t.table_catalog as "table_database", t.table_schema as "table_schema", t.table_name as "table_name", t.table_type as "table_type",
      t.comment as "table_comment", c.column_name as "column_name", c.ordinal_position as "column_index", c.data_type as "column_type",
      c.comment as "column_comment", t.table_owner as "table_owner"
    from {{ home }}.tables as t
    join {{ home }}.columns as c on c.table_catalog = t.table_catalog and c.table_schema = t.table_schema and c.table_name = t.table_name
    where {{ places | join(' or ') }}
    order by 2, 3, 7
  {% endset %}
  {{ return(run_query(sql)) }}
{%- endmacro %}
{% macro snowflake__get_catalog(information_schema, schemas) -%}
  {%- set relations = [] -%}
  {%- for schema in schemas -%}{%- do relations.append({'schema': schema}) -%}{%- endfor -%}
  {{ return(snowflake__get_catalog_relations(information_schema, relations)) }}
{%- endmacro %}

{% macro snowflake__current_timestamp() -%}convert_timezone('UTC', current_timestamp()){%- endmacro %}
{% macro snowflake__snapshot_string_as_time(timestamp) -%}{{ return("to_timestamp_ntz('" ~ timestamp ~ "')") }}{%- endmacro %}
{% macro snowflake__snapshot_get_time() -%}to_timestamp_ntz({{ current_timestamp() }}){%- endmacro %}
{% macro snowflake__bool_or(expression) -%}boolor_agg({{ expression }}){%- endmacro %}
{% macro snowflake__safe_cast(field, type) -%}try_cast({{ field }} as {{ type }}){%- endmacro %}
{% macro snowflake__cast_bool_to_text(field) %}to_varchar({{ field }}){% endmacro %}
{% macro snowflake__escape_single_quotes(expression) -%}{{ expression | replace("'", "\\'") }}{%- endmacro %}
{% macro snowflake__right(string_text, length_expression) %}case when {{ length_expression }} = 0 then '' else right({{ string_text }}, {{ length_expression }}) end{% endmacro %}
{% macro snowflake__array_construct(inputs, data_type) -%}array_construct({{ inputs | join(', ') }}){%- endmacro %}
{% macro snowflake__array_concat(array_1, array_2) -%}array_cat({{ array_1 }}, {{ array_2 }}){%- endmacro %}
