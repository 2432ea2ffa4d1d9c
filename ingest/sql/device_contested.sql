-- one row per day and device that names several customers: their links are runs, in order
create or replace temp table device_contested as
select day, device from device_touches where customer_id is not null group by all having count(*) > 1
