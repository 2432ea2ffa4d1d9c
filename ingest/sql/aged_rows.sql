-- one row per file, input and UTC day: events that are older than what is kept, and the copies of them that came
select filename as file, source, recorded_input, epoch_us(event_at) // 86400000000 as day, count(*) as events,
  coalesce(sum(duplicates), 0)::bigint as duplicates
from read_parquet($files, union_by_name = true, hive_partitioning = false, filename = true)
where event_at < getvariable('kept_from')
group by all order by all
