-- one row per event of these days, stored or new, with the day and the key under which copies of it meet; those of a source
-- that is not loaded now met when they came
create or replace temp view keyed as
select arrivals.*, epoch_us(event_at) // 86400000000 as _day,
  case
    when has_event_id(source) and event_id is not null then hash(event_id)
    when has_key(source) then content_hash::ubigint
  end as _key
from arrivals
