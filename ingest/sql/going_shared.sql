-- one row per device of those asked about that links name a customer for who stays
select distinct device from read_parquet($files, hive_partitioning = false) semi join asked_devices using (device)
where customer_id is not null and customer_id not in (select id from going_customers)
