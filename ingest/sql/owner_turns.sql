-- one row per turn of a device that several customers use (no more than $max_owners): consecutive links of one customer
create or replace temp table owner_turns as
with links as (
  select l.* from owner_links l join owner_counts c using (device) where c.owners between 2 and $max_owners
), marked as (  -- does another customer's turn end here?
  select *, (owner_id is distinct from lag(owner_id) over places)::integer as opens
  from links window places as (partition by device order by first_at, first_input, first_row)
), numbered as (
  select *, sum(opens) over (partition by device order by first_at, first_input, first_row rows unbounded preceding) as turn from marked
)
select device, turn, any_value(owner_id) as owner_id,
  min(row(first_at, first_input, first_row)) as first, max(row(last_at, last_input, last_row)) as last
from numbered group by device, turn
