-- one row per start with the key of its owner, and the instants from and to which an event is the owner's wherever it was
-- recorded: at the very instant of a start of a device of several customers, places decide (owners_by_place)
create or replace temp table owners as
select *, customer_key_of('c:' || owner_id) as owner_key from (
  select *, start_at as since, 'infinity'::timestamptz as until from owner_starts where alone
  union all
  select *, start_at + interval 1 microsecond as since,
    coalesce(lead(start_at) over (partition by device order by start_at, start_input, start_row) - interval 1 microsecond, 'infinity') as until
  from owner_starts where not alone
)
