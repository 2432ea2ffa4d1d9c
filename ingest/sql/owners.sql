-- one row per start with the key of its owner; `alone`: the device has no other one, so order within an instant decides nothing
create or replace temp table owners as
select s.*, customer_key_of('c:' || s.owner_id) as owner_key, count(*) over (partition by device) = 1 as alone from owner_starts s
