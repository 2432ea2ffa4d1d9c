-- one row per customer with an order that has rows before this instant and rows at or after it
select distinct customer_key
from (
  select customer_key, order_id from read_parquet($old, union_by_name = true, hive_partitioning = false)
  where order_id is not null and event_at < $at
) semi join (
  select distinct customer_key, order_id from read_parquet($recent, union_by_name = true, hive_partitioning = false)
  where order_id is not null and event_at >= $at
) using (customer_key, order_id)
order by all
