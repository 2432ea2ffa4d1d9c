-- one row per event of these spans, each once
create or replace temp view kept as
select * exclude (_day, _key) from keyed anti join repeated using (_day, source, customer_key, _key)
union all by name
select * exclude (_day, _key) from collapsed where event_at >= getvariable('since') and event_at < getvariable('until')
