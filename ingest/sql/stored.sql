-- the events that the spans hold already
insert into stored by name
select * from read_parquet($files, union_by_name = true, hive_partitioning = false)
