-- one row per event that leaves
create or replace temp table going_events as
select filename, source, recorded_input, recorded_row, customer_id, anonymous_id, duplicates
from read_parquet($files, union_by_name = true, hive_partitioning = false, filename = true)
where is_leaving(customer_id, owner_id, anonymous_id, event_at)
