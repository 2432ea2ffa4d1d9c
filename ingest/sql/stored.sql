-- the events that the spans hold already, but those that are leaving
insert into stored by name
select * from read_parquet($files, union_by_name = true, hive_partitioning = false)
where not is_leaving(customer_id, owner_id, anonymous_id, event_at)
