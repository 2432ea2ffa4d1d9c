-- one row per device whose links, or whose events without a customer, may be others after this load
create or replace temp table devices_concerned as
select device from device_rows
union
select device from indexed_inside
union
select device from indexed_outside semi join changed_ids on customer_id = id
