-- one row per file and quarter of an hour (UTC) that has events: every zone's days are made of whole ones
select filename, epoch_us(event_at) // 900000000 as quarter, count(*) as events
from read_parquet($files, hive_partitioning = false, filename = true)
group by all order by all
