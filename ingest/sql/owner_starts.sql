-- one row per device and place from which on its events with the anonymous id alone are one customer's, until its next row;
-- input '' and row -1 are before everything recorded at the instant; before its first row a device belongs to nobody. `alone`: links
-- of the device name one customer
create or replace temp table owner_starts as
with lookback as (select $lookback::bigint as us),
earliest as (  -- as far back as the lookback before the first link, whoever it names
  select device, owner_id, make_timestamptz(epoch_us(first_at) - lookback.us) as start_at, '' as start_input, -1::bigint as start_row
  from owner_counts, lookback where owners = 1
), turns as (  -- of shared devices: the turn before each one, too
  select *, lag(last) over (partition by device order by turn) as before,
    last_value(owner_id) over (partition by device order by last rows between unbounded preceding and unbounded following) as newest
  from owner_turns where $shared_device in ('previous', 'next', 'last')
), shared as (
  select device, if($shared_device = 'last', newest, owner_id) as owner_id,
    case
      when before is null then row(make_timestamptz(epoch_us(first[1]) - lookback.us), '', -1::bigint)
      when $shared_device = 'previous' then first
      else greatest(before, row(make_timestamptz(epoch_us(first[1]) - lookback.us), '', -1::bigint))
    end as start
  from turns, lookback where before is null or $shared_device in ('previous', 'next')
)
select device, owner_id, start_at, start_input, start_row, true as alone from earliest where $shared_device <> 'off'
union all
select device, owner_id, start[1], start[2], start[3], false from shared
