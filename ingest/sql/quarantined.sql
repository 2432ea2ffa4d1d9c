-- one row per row that leaves, with its reason
select source::varchar as source, inputs.input, recorded_row + 1 as record, _fault[4]::bigint as line, _fault[1] as reason, _fault[2] as detail,
  _fault[3] as raw, $run_id as run_id
from staged join inputs on staged.recorded_input::varchar = inputs.recorded_input
where _fault is not null
order by all
