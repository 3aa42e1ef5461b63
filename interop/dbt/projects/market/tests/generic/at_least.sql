{% test at_least(model, column, least) %}
{{ config(fail_calc='coalesce(sum(failed), 0)', severity='warn') }}
select case when {{ column }} < {{ least }} then 1 else 0 end as failed from {{ model }}
{% endtest %}
