-- one row per number of anonymous ids that a known customer has: customers
select devices, count(*) as customers from (
  select customer_key, count(distinct (space, anonymous_id)) filter (anonymous_id is not null) as devices
  from events where customer_id is not null or owner_id is not null group by all
) group by all order by all
