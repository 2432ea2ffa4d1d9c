-- the events that the spans hold already, but those of a customer who is being erased
insert into stored by name
select * from read_parquet($files, union_by_name = true, hive_partitioning = false)
where not is_erased(customer_id, owner_id, anonymous_id)
