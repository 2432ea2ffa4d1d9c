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
), ends as (  -- whose the device is from its last change on, by either: if it is the same customer's, the change ends there
  select bounds.device, arg_max(s.owner_id, row(s.start_at, s.start_input, s.start_row)) as owner_id
  from bounds join owner_starts s on s.device = bounds.device and s.start_at <= bounds.last_start group by all
), ends_before as (
  select bounds.device, arg_max(s.owner_id, row(s.start_at, s.start_input, s.start_row)) as owner_id
  from bounds join starts_before s on s.device = bounds.device and s.start_at <= bounds.last_start group by all
)
select device, since, if(ends.owner_id = ends_before.owner_id, last_start,
  (select min(s.start_at) from owner_starts s where s.device = bounds.device and s.start_at > bounds.last_start)) as until
from bounds left join ends using (device) left join ends_before using (device)
