-- one row per number of customers that an anonymous id names: ids, their events, those with the id alone
select customers, count(*) as devices, sum(events)::bigint as events, sum(alone)::bigint as alone from (
  select space, anonymous_id, count(distinct coalesce(owner_id, customer_id)) filter (customer_id is not null) as customers,
    count(*) as events, count(*) filter (customer_id is null) as alone
  from events where anonymous_id is not null group by all
) group by all order by all
