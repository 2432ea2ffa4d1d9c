-- one row per stored event, with the key of its ids as recorded in place of its owner's, and the key of its anonymous id
create or replace temp view recorded as
select stored.* exclude (customer_key), k.device as _device, stored.customer_key as _owner_key,
  case
    when customer_id is null and k.device is not null then k.device
    when owner_id is not null then customer_key_of('c:' || customer_id)
    else customer_key
  end as customer_key
from stored left join device_keys k using (source, anonymous_id)
