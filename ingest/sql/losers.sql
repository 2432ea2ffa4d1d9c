-- one row per source: rows that are copies of another event, and how many of all copies differ from the kept one
select c.source, sum(n)::bigint - count(*)::bigint as duplicates,
  sum(coalesce(list_sum(list_transform(c.variants, lambda v: v."rows")), 0))::bigint - sum(known)::bigint as conflicting
from collapsed c join (
  select _day, source, customer_key, _key, count(*) as n,
    sum(coalesce(list_sum(list_transform(variants, lambda v: v."rows")), 0)) as known
  from keyed semi join repeated using (_day, source, customer_key, _key) group by all
) using (_day, source, customer_key, _key)
group by all order by all
