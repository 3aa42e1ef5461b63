{% if execute %}
  {% set ids = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | map(attribute='unique_id') | sort %}
  {% set sources = graph.sources.values() | map(attribute='identifier') | sort | list %}
  {% set columns = adapter.get_columns_in_relation(ref('order_lines')) %}
  {% set relation = load_relation(ref('order_lines')) %}
{% else %}{% set ids, sources, columns = [], [], [] %}{% endif %}
-- depends_on: {{ ref('order_lines') }}
{% for id in ids %}select '{{ id }}' as what, {{ loop.index }} as n union all {% endfor %}
{% for column in columns %}select '{{ column.name }} {{ column.dtype }} {{ column.is_string() }}', {{ loop.revindex0 }} union all {% endfor %}
select '{{ sources | join(',') }}', 0 union all select '{{ relation.type if relation else 'none' }}', -1
