-- one row per quarter of an hour (UTC) that has events: every zone's days are made of whole ones
select epoch_us(event_at) // 900000000 as quarter, count(*) as events
from read_parquet($files, hive_partitioning = false)
group by all order by all
