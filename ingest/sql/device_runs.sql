-- one row per run of links, and per device with events that name nobody; places still as numbers
create or replace temp table device_told as
with links as (  -- one row per link of a device that names several customers: does another customer's run end here?
  select day, device, customer_id, place,
    (customer_id is distinct from lag(customer_id) over (partition by day, device order by place))::integer as opens
  from placed semi join device_contested using (day, device) where customer_id is not null
), numbered as (  -- the same with the number of its run
  select *, sum(opens) over (partition by day, device order by place rows unbounded preceding) as run from links
)
select day, device, any_value(customer_id) as customer_id, count(*) as events, min(place) as first, max(place) as last
from numbered group by day, device, run
union all
select t.* from device_touches t where customer_id is null
union all
select t.* from device_touches t anti join device_contested using (day, device) where customer_id is not null
