-- one row per file that holds events of the inputs that go, with their number
select filename, count(*) as events
from read_parquet($files, union_by_name = true, hive_partitioning = false, filename = true)
semi join gone using (source, recorded_input)
group by all
