select 1 as tier, cast('one' as varchar) as label
