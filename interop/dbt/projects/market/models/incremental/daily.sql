{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at', batch_size='day', begin='2024-01-01') }}
select order_id, ordered_at, amount, '{{ model.batch.id if model.batch else 'none' }}' as batch from {{ ref('timed_orders') }}
