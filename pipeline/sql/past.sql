-- one row per source, UTC day and event name of these files
select source, strftime(event_at::timestamp, '%Y-%m-%d') as day, event, count(*) as events
from read_parquet($files, union_by_name = true, hive_partitioning = false)
group by all order by all
