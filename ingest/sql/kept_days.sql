-- one row per UTC day of these spans: its events, each once
select strftime(make_timestamp(day * 86400000000), '%Y-%m-%d') as span, count(*) as events
from (select epoch_us(event_at) // 86400000000 as day from kept) group by all
