-- one row per event of an id, known or anonymous, in order
select event_at, event, source, space, customer_id, anonymous_id, owner_id, recorded_input, recorded_row
from events where case when $anonymous then anonymous_id = $id else customer_id = $id or owner_id = $id end
order by event_at, recorded_input, recorded_row
