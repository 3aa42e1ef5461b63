select * from {{ ref('not_there') }}
