-- does a stored event leave? it names one of these customers, is stitched to one, or carries one of these anonymous ids
create or replace temp macro is_leaving(who, owner, device, event_at) as (
  coalesce(who in (select id from going_customers), false)
  or coalesce(owner in (select id from going_customers), false)
  or coalesce(device in (select id from going_devices), false)
)
