-- one row per UTC day of these files: its events, those that name a customer, and those stitched to one
select strftime(event_at::timestamp, '%Y-%m-%d') as day, count(*) as events, count(customer_id) as known,
  count(*) filter (customer_id is null and owner_id is not null) as stitched
from read_parquet($files, union_by_name = true, hive_partitioning = false)
where event_at >= make_timestamptz($since) and event_at < make_timestamptz($until)
group by all order by all
