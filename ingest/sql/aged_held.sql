-- one row per input of these that the file still holds an event of
select distinct source, recorded_input
from read_parquet($file, hive_partitioning = false) semi join asked using (source, recorded_input)
order by all
