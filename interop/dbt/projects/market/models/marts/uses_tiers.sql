{{ config(group='sales') }}
select a.tier, b.label from {{ ref('tiers') }} a join {{ ref('tiers', version=1) }} b on a.tier = b.tier
