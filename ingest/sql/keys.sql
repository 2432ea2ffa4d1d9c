-- one row per pair of ids as the files write them: the ids (a blank or blocked one is none), the key of the customer whom they
-- tell, that of the anonymous id in its space, and the one that is blocked
create or replace temp table keys as
with judged as (  -- the same with the ids that are ids
  select *,
    case when not is_blank(raw_customer_id) and not is_blocked(raw_customer_id) then raw_customer_id end as customer_id,
    case when not is_blank(raw_anonymous_id) and not is_blocked(raw_anonymous_id) then raw_anonymous_id end as anonymous_id
  from raw_ids
), hashed as (  -- the same with their keys: each id is hashed once, not in every row
  select *, customer_key_of('c:' || customer_id) as known, customer_key_of($prefix || anonymous_id) as device from judged
)
select *, coalesce(known, device) as customer_key, coalesce(
    case when customer_id is null and is_blocked(raw_customer_id) then raw_customer_id end,
    case when anonymous_id is null and is_blocked(raw_anonymous_id) then raw_anonymous_id end) as blocked
from hashed
