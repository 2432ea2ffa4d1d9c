-- one row per event (source, customer, duplicate key) of the span that is there more than once
create or replace temp table repeated as
select source, customer_key, duplicate_key from arrivals
where duplicate_key is not null
group by all having count(*) > 1
