-- one row per event of these spans with the key of its owner and, where the row itself does not name that customer, the owner's id
create or replace temp view owned as
select kept.* exclude (customer_key, _device, _owner_id),
  coalesce(a.customer_id, o.owner_id, p.owner_id, if(kept.customer_id is null, _owner_id, null)) as owner_id,
  case
    when a.customer_id is not null then customer_key_of('c:' || a.customer_id)
    when o.owner_id is not null then o.owner_key
    when p.owner_id is not null then customer_key_of('c:' || p.owner_id)
    else kept.customer_key
  end as customer_key
from kept
left join owners_here o on if(kept.customer_id is null, kept._device, null) = o.device and kept.event_at between o.since and o.until
left join owners_by_place p on kept._device = p.device and kept.event_at = p.event_at
  and kept.recorded_input::varchar = p.recorded_input and kept.recorded_row = p.recorded_row and kept.customer_id is null
left join aliases a on kept.customer_id = a.alias_id
