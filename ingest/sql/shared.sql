-- one row per pair of inputs that hold copies of one event: the first of them, and another
select distinct source, first, other
from (
  select source::varchar as source, min(recorded_input)::varchar as first, unnest(list(distinct recorded_input::varchar)) as other
  from keyed semi join repeated using (_day, source, customer_key, _key)
  group by _day, keyed.source, customer_key, _key
  having min(recorded_input) <> max(recorded_input)
)
where other <> first
order by all
