-- one row per source, UTC day and event name: rows without a fault, before duplicates are taken out
select source::varchar as source, strftime(make_timestamp(day * 86400000000), '%Y-%m-%d') as span, event, rows
from (
  select source, epoch_us(event_at) // 86400000000 as day, event, count(*) as rows
  from staged where _fault is null group by all
) order by all
