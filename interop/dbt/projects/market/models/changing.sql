{{ config(materialized='table' if var('round') == 1 else 'view', persist_docs={'relation': true, 'columns': true}) }}
-- {{ this }} {{ this.schema }} {{ model.name }} {{ invocation_args_dict.which if false else '' }}
select {{ var('round') }} as round_no, '{{ target.name }}' as target_name, '{{ project_name }}' as project
