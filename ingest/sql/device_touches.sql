-- one row per day, device and customer (null: events with the anonymous id alone) of the events at hand: how many, and the
-- places of the first and the last
create or replace temp table device_touches as
select day, device, customer_id, count(*) as events, min(place) as first, max(place) as last
from placed where device is not null group by all
