-- one row: events before as_of by how their customer is known, and stored under a key that is not their owner's
select count(*) as events,
  count(*) filter (customer_id is not null) as known,
  count(*) filter (customer_id is null and owner_id is not null) as stitched,
  count(*) filter (customer_id is null and owner_id is null) as anonymous,
  count(*) filter (customer_id is not null and anonymous_id is not null) as links,
  count(*) filter (owner_id is not null and customer_key <> customer_key_of('c:' || owner_id)) as astray
from events
