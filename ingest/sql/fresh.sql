-- one row per event of these days that arrives now
create or replace temp view fresh as
select * from staged
where _fault is null and event_at >= getvariable('since') and event_at < getvariable('until')
