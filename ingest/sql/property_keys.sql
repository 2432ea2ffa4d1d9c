-- one row per key of the JSON properties of these files
select distinct unnest(json_keys(properties)) as key
from read_parquet($files, hive_partitioning = false)
where properties is not null
