-- one row per event of a span into which nothing arrives: those that may change hands as recorded, all others as they are
create or replace temp view kept as
select recorded.* exclude (customer_key, owner_id, _device, _owner_key),
  case when c.device is null then owner_id end as _owner_id,
  case when c.device is null and customer_id is null then _owner_key else customer_key end as customer_key,
  case when c.device is not null then _device end as _device
from recorded left join devices_changed c on recorded._device = c.device and customer_id is null
where event_at >= getvariable('since') and event_at < getvariable('until')
