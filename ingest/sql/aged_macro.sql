-- does a stored event leave? its day is before the first one that is kept
create or replace temp macro is_leaving(who, owner, device, event_at) as (event_at < getvariable('kept_from'))
