{# The columns of what the warehouse has, for catalog.json. #}
{% macro duckdb__catalog_of(information_schema, condition) -%}
  {% set sql %}
    with tables as (
      select database_name, schema_name, table_name, 'BASE TABLE' as table_type, comment from duckdb_tables()
      union all
      select database_name, schema_name, view_name, 'VIEW', comment from duckdb_views()
    )
    select
      tables.database_name as table_database, tables.schema_name as table_schema, tables.table_name as table_name,
      tables.table_type as table_type, tables.comment as table_comment,
      columns.column_name as column_name, columns.column_index as column_index,
      columns.data_type as column_type, columns.comment as column_comment, null as table_owner
    from tables join duckdb_columns() as columns using (database_name, schema_name, table_name)
    where upper(tables.database_name) = upper('{{ information_schema.database }}') and ({{ condition }})
    order by table_schema, table_name, column_index
  {% endset %}
  {{ return(run_query(sql)) }}
{%- endmacro %}
{% macro duckdb__get_catalog(information_schema, schemas) -%}
  {% set places = ['1 = 0'] %}
  {% for schema in schemas %}{% do places.append("upper(tables.schema_name) = upper('" ~ schema ~ "')") %}{% endfor %}
  {{ return(duckdb__catalog_of(information_schema, places | join(' or '))) }}
{%- endmacro %}
{% macro duckdb__get_catalog_relations(information_schema, relations) -%}
  {% set places = ['1 = 0'] %}
  {% for relation in relations %}
    {% set name = " and upper(tables.table_name) = upper('" ~ relation.identifier ~ "')" if relation.identifier else '' %}
    {% do places.append("upper(tables.schema_name) = upper('" ~ relation.schema ~ "')" ~ name) %}
  {% endfor %}
  {{ return(duckdb__catalog_of(information_schema, places | join(' or '))) }}
{%- endmacro %}
