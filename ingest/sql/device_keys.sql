-- one row per source and anonymous id that is stored: its key in the space of the source; none for a blocked one
create or replace temp table device_keys as
select source, anonymous_id, customer_key_of(prefix || anonymous_id) as device
from (select distinct source, anonymous_id from stored where anonymous_id is not null) join spaces using (source)
where not is_blocked(anonymous_id)
