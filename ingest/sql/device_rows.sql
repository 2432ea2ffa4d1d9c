-- the runs of these spans join the device index: one row per run, its ends as places
insert into device_rows by name
select span_of(day) as span, device, customer_id, events,
  make_timestamptz((first >> 64)::bigint) as first_at, f.recorded_input as first_input, (first & 1099511627775)::bigint as first_row,
  make_timestamptz((last >> 64)::bigint) as last_at, l.recorded_input as last_input, (last & 1099511627775)::bigint as last_row
from device_runs
join places f on f.code = ((first >> 40) & 16777215)::integer
join places l on l.code = ((last >> 40) & 16777215)::integer
