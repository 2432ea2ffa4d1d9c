-- one row per start of a device whose events without a customer are at hand
create or replace temp table owners_here as
select * from owners semi join (select distinct _device as device from kept where customer_id is null) using (device)
