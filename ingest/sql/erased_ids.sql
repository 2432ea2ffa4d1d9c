-- one row per id of this load that was erased: its kind, and for a device its source and until when (microseconds UTC)
create or replace temp table erased_ids as
with ids as (  -- each id is hashed once, not in every row
  select distinct 'customer' as kind, null::varchar as source, customer_id as id, 'erased customer ' || customer_id as text
  from erased_rows where customer_id is not null
  union all
  select distinct 'anonymous', null, anonymous_id, 'erased device :' || anonymous_id
  from erased_rows where anonymous_id is not null
  union all
  select distinct 'device', source, anonymous_id, 'erased device ' || length(space) || ':' || space || ':' || anonymous_id
  from erased_rows join erased_spaces using (source) where anonymous_id is not null
), hashed as (  -- HMAC-SHA256
  select kind, source, id,
    sha256(getvariable('erased_outer') || unhex(sha256(getvariable('erased_inner') || encode(text)))) as mac
  from ids
)
select kind, source, id, max(until) as until from hashed join erased_marks using (kind, mac) group by all
