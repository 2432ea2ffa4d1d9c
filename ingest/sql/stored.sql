-- the events that the spans hold already; a file's span is the name of its folder
insert into stored by name
select * exclude (_file), regexp_extract(_file, 'span=([0-9-]+)/[^/]*$', 1) as _span
from read_parquet($files, union_by_name = true, hive_partitioning = false, filename = '_file')
