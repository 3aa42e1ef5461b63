select * from {{ ref('tiers', v=2) }} union all select 3, 'three', 30
