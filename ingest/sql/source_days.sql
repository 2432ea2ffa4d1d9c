-- one row per file, source and UTC day: its events
select filename, source, strftime(event_at::timestamp, '%Y-%m-%d') as day, count(*) as events
from read_parquet($files, union_by_name = true, hive_partitioning = false, filename = true)
group by all order by all
