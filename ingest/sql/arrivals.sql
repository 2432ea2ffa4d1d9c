-- one row per event of the span: those stored (fresh = false) and those that arrive now
create or replace temp table arrivals as
select *, case
    when rule = 'off' then null
    when rule = 'event_id' and event_id is not null then hash(event_id)
    else content_hash::ubigint
  end as duplicate_key
from (
  select *, false as fresh from stored
  union all by name
  select * exclude (span, input, reason, detail, raw), 0::integer as duplicates,
    null::struct(content_hash bigint, "rows" bigint)[] as variants, true as fresh
  from staged where reason is null and span = $span
) left join rules using (source)
