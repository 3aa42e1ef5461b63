select 1 as tier, cast('one' as varchar) as label, 10 as least union all select 2, 'two', 20
