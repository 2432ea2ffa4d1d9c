-- one row per place of an event with the anonymous id alone at the very instant of a start: its owner there
create or replace temp table owners_by_place as
with told as (  -- the events, and the starts before them: at one place none has both
  select _device as device, event_at, recorded_input::varchar as recorded_input, recorded_row, null::varchar as owner_id, true as asked
  from kept semi join (select device, start_at from owners_here where not alone) s on kept._device = s.device and kept.event_at = s.start_at
  where customer_id is null
  union all
  select device, start_at, start_input, start_row, owner_id, false from owners_here where not alone
)
select device, event_at, recorded_input, recorded_row, owner_id from (
  select device, event_at, recorded_input, recorded_row, asked,
    last_value(owner_id ignore nulls) over (
      partition by device order by event_at, recorded_input, recorded_row, asked rows between unbounded preceding and current row) as owner_id
  from told
) where asked and owner_id is not null group by all
