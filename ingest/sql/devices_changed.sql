-- one row per device whose events change hands, and between which instants
create or replace temp table devices_changed as
with differing as (
  (select device, owner_id, start_at, start_input, start_row from owner_starts
   except all select device, owner_id, start_at, start_input, start_row from starts_before)
  union all
  (select device, owner_id, start_at, start_input, start_row from starts_before
   except all select device, owner_id, start_at, start_input, start_row from owner_starts)
), bounds as (
  select device, min(start_at) as since, max(start_at) as last_start from differing group by device
)
select device, since,
  (select min(s.start_at) from owner_starts s where s.device = bounds.device and s.start_at > bounds.last_start) as until
from bounds
