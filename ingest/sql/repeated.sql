-- one row per event (day, source, customer, duplicate key) that is there more than once
create or replace temp table repeated as
select _day, source, customer_key, _key from keyed
where _key is not null
group by all having count(*) > 1
