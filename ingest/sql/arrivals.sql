-- one row per event of these spans: those stored (_fresh = false) and those that arrive now; copies share the UTC day
create or replace temp table arrivals as
select *, epoch_us(event_at) // 86400000000 as _day,
  case
    when _rule = 'off' then null
    when _rule = 'event_id' and event_id is not null then hash(event_id)
    else content_hash::ubigint
  end as _key
from (
  select *, false as _fresh from stored
  union all by name
  select * exclude (_input, _line, _reason, _detail, _raw, _clock), 0::integer as duplicates,
    null::struct(content_hash bigint, "rows" bigint)[] as variants, true as _fresh
  from staged where _reason is null and list_contains($spans, _span)
) left join rules using (source)
